"""Figures of the vendor against the ticket's own, computed without SQL."""

UNIT = {"minutes": 60.0, "seconds": 1.0, "milliseconds": 0.001, "count": 1.0, "share": 1.0}
OFF_BY = {"minutes": 59.999, "seconds": 1.001, "milliseconds": 1.001}  # seconds


def counted(ticket, measures):
    """Give instant, numerator and denominator of everything that one ticket adds."""
    for row in ticket.published:
        ours, others = figures(ticket, measures, row["measure"], row["calendar"])
        if row["value"] is None and (ours is None or is_optional(row)):
            continue
        agrees = any(
            near(value, row) for value in (ours, *others) if None not in (value, row["value"])
        )
        agrees = agrees or published_before(ticket, row) or still_running(ticket, measures, row)
        yield ticket.created, agrees, 1


def is_optional(row):
    """Whether a missing figure of the vendor means nothing."""
    return (row["measure"], row["calendar"]) != ("first_reply", "calendar")


def near(ours, row):
    """The same but for rounding."""
    off_by = OFF_BY.get(row["unit"], 1e-6)
    return abs(ours - row["value"] * UNIT[row["unit"]]) <= off_by


def figures(ticket, measures, measure, calendar):
    """Our figure, and those by the rules that vendors have."""
    if measure == "reopens":
        return len(ticket.reopens), ()
    if measure == "replies":
        return ticket.replies_count, tuple(replies_by_other_rules(ticket))
    if measure == "survey_score":
        scores = [(row["score"] - 1) / 4 for row in ticket.rated]
        return (scores[-1], scores[:1]) if scores else (None, ())
    if measure == "requester_wait":
        binned = [
            (high - low).total_seconds()
            for category, low, high in ticket.intervals
            if category == "deleted" and high
        ]
        ours = measures["requester_wait_seconds_recorded"]
        return ours, (ours + sum(binned),)
    if calendar == "business":
        ours = measures["first_reply_business_seconds_recorded"]
        return ours, (measures["first_reply_business_at_event_seconds_recorded"],)
    of_all = [m["sent_at"] for m in public(ticket, {"agent", "bot"}) if not m["opening"]]
    first = (min(of_all) - ticket.created).total_seconds() if of_all else None
    return measures["first_reply_seconds_recorded"], (first,)


def public(ticket, roles):
    return [m for m in ticket.messages if m["is_public"] and m["role"] in roles]


def replies_by_other_rules(ticket):
    """With bots, with the opening message, with both."""
    for roles in ({"agent"}, {"agent", "bot"}):
        yield len(public(ticket, roles))
        yield sum(not m["opening"] for m in public(ticket, roles))


def still_running(ticket, measures, row):
    """Whether the vendor counts up to some instant in a span that has not ended."""
    if row["measure"] != "requester_wait" or ticket.is_solved:
        return False
    low = measures["requester_wait_seconds_recorded"]
    high = measures["requester_wait_seconds_as_of"] + OFF_BY[row["unit"]]
    return low <= row["value"] * UNIT[row["unit"]] <= high


def published_before(ticket, row):
    """Whether the vendor's figure is older than what it is of."""
    at = {
        "first_reply": ticket.first_reply,
        "replies": max((m["sent_at"] for m in ticket.replies), default=None),
        "survey_score": ticket.rated[-1]["responded_at"] if ticket.rated else None,
    }.get(row["measure"], ticket.intervals[-1][1])
    return bool(row["version_at"] and at and row["version_at"] < at)
