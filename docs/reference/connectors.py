"""The pages of the connectors, made from their declarations and quality sheets."""

from collections.abc import Mapping

from docs.reference.markdown import code, codes, joined, table
from tasks.connectors import connectors
from tasks.quality_scale import RULES, Access, Sheet, quality_sheet
from tasks.rest.address import gaps
from tasks.rest.auth import Way
from tasks.rest.spec import Connector, Stream
from tasks.settings import secret_variable

_CLASSES = (
    "Evidence, best first: recorded (a published real answer), vendor (the vendor's page or"
    " description), client (a public client reads it so), guess."
)


def connector_list() -> str:
    """Return one line for each connector, with what it reads and what its API lacks."""
    rows = [
        (
            f"[{one.title}]({name}.md)",
            code(name),
            codes(_entities(one)),
            ", ".join(one.unsupported),
            _standing(quality_sheet(name)),
        )
        for name, one in connectors().items()
    ]
    return table(("Vendor", "`connector =`", "Reads", "Not in its API", "Quality"), rows)


def connector_pages() -> Mapping[str, str]:
    """Return a page for each connector, by its path below the site's root."""
    return {f"connectors/{name}.md": _page(one) for name, one in connectors().items()}


def _page(one: Connector) -> str:
    sheet = quality_sheet(one.name)
    return joined(
        [
            f"# {one.title}",
            _facts(one),
            "## Settings and sign-in",
            _settings(one),
            *_access(sheet.access),
            "## Streams",
            _streams(one),
            "## Own fields" if one.own_fields else "",
            _own_fields(one),
            "## What the API lacks" if one.unsupported else "",
            "\n".join(f"- {missing}" for missing in one.unsupported),
            "## Quality",
            *_quality(sheet),
        ]
    )


def _access(access: Access | None) -> tuple[str, ...]:
    """Return how to get credentials that may only read, and how long a first load takes."""
    if access is None:
        return ()
    steps = (f"{number}. {step}" for number, step in enumerate(access.steps, start=1))
    return (
        "### Credentials step by step",
        "\n".join(steps),
        f"From: {access.source}.",
        "### First load",
        access.first_load,
    )


def _standing(sheet: Sheet) -> str:
    """Return level and number of rules that hold."""
    held = sheet.count("done") + sheet.count("exempt")
    return f"{sheet.level or 'below bronze'}, {held} of {len(RULES)} rules"


def _quality(sheet: Sheet) -> tuple[str, ...]:
    """Return what holds of the quality scale, and the evidence for what is read."""
    return (
        f"Level: {_standing(sheet)}. The next table says what is still to do.",
        table(("Rule", "Level", "What it asks for", "State", "Remark"), sheet.rows),
        _CLASSES,
        table(("Answer or values", "Class", "Source", "Open"), sheet.evidence_rows),
    )


def _facts(one: Connector) -> str:
    limit = one.limits.requests_per_minute
    facts = [
        ("Connector", code(one.name)),
        ("API version", one.api_version),
        ("Vendor's reference", f"<{one.docs}>" if one.docs.startswith("http") else one.docs),
        ("Rate limit", f"{limit} requests a minute" if limit else "none known"),
    ]
    return "\n".join(f"- {name}: {value}" for name, value in facts if value)


def _settings(one: Connector) -> str:
    rows = [
        *((code(name), "required") for name in one.settings),
        *((code(name), "optional") for name in one.optional_settings),
    ]
    return joined(
        [
            table(("Name", "Kind"), rows) if rows else "This connector has no settings of its own.",
            _region(one),
            _ways(one),
            "Settings that every account has are on the page [Settings](../settings.md#accounts).",
        ]
    )


def _region(one: Connector) -> str:
    """Return the places of the setting with a closed list, with their hosts."""
    if one.region is None:
        return ""
    rows = [
        (code(place), codes(dict.fromkeys(values.values())))
        for place, values in one.region.places.items()
    ]
    name, default = one.region.setting, one.region.default
    text = f"Without `{name}` it is `{default}`." if default else f"`{name}` must be given."
    return joined([table((code(name), "Hosts end with"), rows), text])


def _own_fields(one: Connector) -> str:
    """Return whose own fields can be read, and which standard ones by a name of ours."""
    rows = dict.fromkeys(
        (
            code(own.record_type),
            ", ".join((*([] if own.at is None else ["own fields"]), *map(code, own.elsewhere))),
            code("backfill" if own.ask else "replay"),
        )
        for own in one.own_fields
    )
    if not rows:
        return ""
    text = (
        "The setting `fields` names those that are read"
        " ([Accounts](../accounts.md#own-fields-tags-brands-and-forms))."
    )
    return joined([text, table(("`of`", "Fields", "One that is named later is filled by"), rows)])


def ways_to_sign_in() -> str:
    """Return every vendor's ways to sign in, with the secrets and settings of each."""
    rows = [
        (
            f"[{one.title}](connectors/{name}.md)",
            way.title,
            codes((*way.secrets, *(f"{secret} (optional)" for secret in way.optional))),
            codes(_settings_of(one, way)),
        )
        for name, one in connectors().items()
        for way in one.auth.ways
        if way.secrets or way.settings
    ]
    return table(("Vendor", "Way", "Secrets", "Settings"), rows)


def _settings_of(one: Connector, way: Way) -> tuple[str, ...]:
    """Return the settings of a way, and those that say where the account lives."""
    hosts = " ".join((one.base_url, *one.other_base_urls))
    region = (one.region.setting,) if one.region else ()
    named = (name for name in gaps(hosts) if not one.region or name not in one.region.names)
    return tuple(dict.fromkeys((*region, *named, *way.settings)))


def _ways(one: Connector) -> str:
    """Return the ways to sign in, with the secrets and settings of each."""
    rows = [
        (way.title, codes(secret_variable("<account>", s) for s in names), codes(way.settings))
        for way in one.auth.ways
        for names in ((*way.secrets, *way.optional),)
        if names or way.settings
    ]
    if not rows:
        return ""
    several = "The first way that is complete is used." if len(rows) > 1 else ""
    return joined([table(("Sign in by", "Secrets", "Settings"), rows), several])


def _streams(one: Connector) -> str:
    rows = [
        (
            code(stream.name) + ("" if stream.enabled else " (off by default)"),
            stream.description,
            codes(_outputs(stream)),
            stream.incremental,
        )
        for stream in one.streams
    ]
    return table(("Stream", "What it is", "Fills", "Keeps up by"), rows)


def _outputs(stream: Stream) -> list[str]:
    return list(dict.fromkeys(f"source.{output.entity.name}" for output in stream.outputs))


def _entities(one: Connector) -> list[str]:
    names = (output.entity.name for stream in one.streams for output in stream.outputs)
    return sorted(set(names))
