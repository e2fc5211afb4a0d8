"""Quality scale of connectors: 25 rules in three levels, and one sheet for each vendor.

The sheet of a vendor is `tasks/connectors/<vendor>/quality.yml`:

    rules:
      streams: done                             # a machine checks it from the declaration
      messages: {done: tests/x.py::test_name}   # proof: a test or a page that exists
      fake: {todo: What is missing, in one sentence.}
      sla: {exempt: The reason, in one sentence.}
    streams:                                    # where the shape of each answer comes from
      tickets: {class: recorded, source: Where somebody published a real answer.}
      tickets/comments: {class: vendor, source: The vendor's page on comments.}
    values:                                     # where each list of values comes from
      statuses: {class: guess, source: Nothing found., guard: What finds a wrong guess.}
      priorities: {class: absent, source: The API has none.}
    access:                                     # for the vendor's page
      steps: [What to click for credentials that may do no more than read.]
      source: The vendor's pages that say so.
      first_load: How long 100,000 tickets take, and why.

Evidence has a class, best first: `recorded` (a real answer that somebody published), `vendor` (the
vendor's own description or reference page), `client` (a public client in wide use reads it so),
`guess`. The level of a vendor is computed from its rules and never written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from tasks import connectors as vendors
from tasks.errors import ConfigurationError
from tasks.paths import read_yaml

__all__ = [
    "LEVELS",
    "RULES",
    "VALUE_LISTS",
    "Access",
    "Evidence",
    "Rule",
    "Sheet",
    "Verdict",
    "quality_sheet",
    "read_sheet",
    "sheet_text",
]

Level = Literal["bronze", "silver", "gold"]
State = Literal["done", "todo", "exempt"]
LEVELS: tuple[Level, ...] = ("bronze", "silver", "gold")
VALUE_LISTS = ("statuses", "score_scales", "roles", "priorities", "units", "time_zones")
"""Lists of values that every sheet names; a sheet may name more, such as channels."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the scale.

    Where `needs_proof` is false, the tests check the rule from the declaration and the samples.
    """

    number: int
    name: str
    level: Level
    text: str
    needs_proof: bool = True


def _rules() -> Iterator[Rule]:
    checked = {"streams", "evidence", "samples", "harness", "docs"}
    numbered = iter(range(1, 26))
    for level, texts in _TEXTS.items():
        for name, text in texts.items():
            yield Rule(next(numbered), name, level, text, name not in checked)


_TEXTS: dict[Level, dict[str, str]] = {
    "bronze": {
        "streams": "Every stream has description, path, key, overlap, paging and entity mapping",
        "evidence": "Each answer's shape and each list of values has evidence with its source",
        "fake": "The fake offers only fields and values that the evidence has",
        "samples": "Sample answers in the shape of the evidence, with the rows expected",
        "harness": "The harness passes: windows, paging, throttling, credentials, shape, repeats",
        "credentials": "Every way to sign in works, tokens renew, every host has a setting",
        "settings": "Settings are listed, unknown ones are refused, `doctor` checks each",
    },
    "silver": {
        "removals": "Deletes, merges, spam and restores",
        "history": "History of status, assignee, team, priority and schedule, with its actor",
        "messages": "Messages with role and visibility; drafts and bots are distinguished",
        "surveys": "Scales from the vendor's definition; unreadable scores are refused",
        "business_hours": "Business hours, holidays, and which schedule a ticket has",
        "sla": "SLA policies, targets and clocks, or the file instead",
        "statuses": "Custom and translated statuses; an unknown one alerts",
        "fields": "Custom fields, tags, brand, form and language",
        "comparison": "Our figure is compared with the vendor's own, ticket by ticket",
        "preconditions": "`doctor` and the first page test what the vendor cannot report",
        "permissions": "A hidden field or missing feature costs that and not the stream",
    },
    "gold": {
        "calls": "Fewest calls: largest pages, bulk and export ways, measured",
        "waiting": "Every way in which this vendor asks to wait is honoured",
        "bad_records": "One bad record or character costs that record",
        "personal_data": "Columns with personal data are listed, and off by default",
        "public_client": "An independent public client reads the fake",
        "description": "The vendor's API description accepts our requests and the fake's answers",
        "docs": "A page in the docs: coverage, gaps, credentials, first load",
    },
}
RULES: tuple[Rule, ...] = tuple(_rules())


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one rule stands at one vendor.

    `remark` says what is missing (todo), why the rule does not apply (exempt), or is empty (done).
    `proofs` are tests (`file::name`) and pages that show that a rule is done.
    """

    rule: Rule
    state: State
    remark: str = ""
    proofs: tuple[str, ...] = ()


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one answer's shape or one list of values comes from.

    `doubt` is what sources contradict or leave open; `guard` is what finds a wrong guess.
    """

    kind: Literal["recorded", "vendor", "client", "guess", "absent"] = msgspec.field(name="class")
    source: str
    doubt: str = ""
    guard: str = ""


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to get credentials that may do no more than read, and how long a first load takes.

    `first_load` is for 100,000 tickets, or answers of a survey tool.
    """

    steps: list[str]
    source: str
    first_load: str


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sheet's file as it is written."""

    rules: dict[str, Literal["done"] | dict[State, str | list[str]]]
    streams: dict[str, Evidence]
    values: dict[str, Evidence]
    access: Access | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The quality sheet of one vendor: a verdict for each rule, evidence for each answer.

    `access` is None for what needs no credentials.
    """

    vendor: str
    verdicts: tuple[Verdict, ...]
    streams: Mapping[str, Evidence]
    values: Mapping[str, Evidence]
    access: Access | None = None

    @property
    def level(self) -> Level | None:
        """Highest level of which, and below which, no rule is left to do; None below bronze."""
        reached: Level | None = None
        for level in LEVELS:
            if any(v.state == "todo" for v in self.verdicts if v.rule.level == level):
                break
            reached = level
        return reached

    def count(self, state: State) -> int:
        """Number of rules in this state."""
        return sum(verdict.state == state for verdict in self.verdicts)

    @property
    def guesses(self) -> tuple[str, ...]:
        """Names of the answers and value lists for which no evidence was found."""
        return tuple(
            name
            for name, evidence in (*self.streams.items(), *self.values.items())
            if evidence.kind == "guess"
        )

    @property
    def rows(self) -> tuple[tuple[str, str, str, str, str], ...]:
        """Rows to print: number, level, rule, state, and what is missing, excused or proves it."""
        return tuple(
            (
                str(v.rule.number),
                v.rule.level,
                v.rule.text,
                v.state,
                v.remark or ", ".join(v.proofs),
            )
            for v in self.verdicts
        )

    @property
    def evidence_rows(self) -> tuple[tuple[str, str, str, str], ...]:
        """Rows to print: answer or value list, class, source, and what is open."""
        named = (*self.streams.items(), *((f"values: {n}", e) for n, e in self.values.items()))
        return tuple((name, e.kind, e.source, e.doubt or e.guard) for name, e in named)


@cache
def quality_sheet(vendor: str) -> Sheet:
    """The sheet of one vendor, from the folder of its declaration.

    Raises ConfigurationError as `read_sheet` does.
    """
    return read_sheet(vendor, Path(vendors.__path__[0]) / vendor / "quality.yml")


def read_sheet(vendor: str, path: Path) -> Sheet:
    """The sheet in a file.

    Raises ConfigurationError that names vendor and rule if the file is missing or is no sheet.
    """
    if not path.exists():
        raise ConfigurationError(f"{vendor}: write {path.name} next to the declaration")
    try:
        content = msgspec.convert(read_yaml(path), _Content)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{vendor}/{path.name}: {error}") from error
    differing = sorted(set(content.rules) ^ {rule.name for rule in RULES})
    if differing:
        raise ConfigurationError(
            f"{vendor}/{path.name}: rules missing or unknown: {', '.join(differing)}"
        )
    verdicts = tuple(_verdict(vendor, rule, content.rules[rule.name]) for rule in RULES)
    return Sheet(vendor, verdicts, content.streams, content.values, content.access)


def _verdict(vendor: str, rule: Rule, written: str | Mapping[State, str | list[str]]) -> Verdict:
    if isinstance(written, str):
        return Verdict(rule, "done")
    if len(written) != 1:
        raise ConfigurationError(f"{vendor}/quality.yml: {rule.name} needs one state")
    state, words = next(iter(written.items()))
    if state == "done":
        return Verdict(rule, state, proofs=(words,) if isinstance(words, str) else tuple(words))
    if not isinstance(words, str) or not re.fullmatch(r"\S.*\.", words, re.DOTALL):
        raise ConfigurationError(
            f"{vendor}/quality.yml: {rule.name}: say in one sentence why it is {state}"
        )
    return Verdict(rule, state, " ".join(words.split()))


def sheet_text(sheet: Sheet) -> str:
    """The sheet as plain text: level, rules by level, evidence."""
    counts = (
        f"{sheet.count('done')} done, {sheet.count('todo')} to do, {sheet.count('exempt')} exempt"
    )
    lines = [f"{sheet.vendor}: level {sheet.level or 'none'}; {counts}"]
    for level in LEVELS:
        lines += ["", level]
        for number, _, rule, state, remark in (row for row in sheet.rows if row[1] == level):
            lines.append(f"  {number:>2} {state:<6} {rule}")
            lines += [f"            {remark}"] if remark else []
    lines += ["", "evidence"]
    for name, kind, source, open_question in sheet.evidence_rows:
        lines.append(f"  {name}: {kind}: {source}")
        lines += [f"      {open_question}"] if open_question else []
    return "\n".join(lines)
