"""What fake vendors answer, held field by field and value by value against the evidence.

`evidence/<vendor>.yml` has for each kind of answer its source, the fields that the source has (a
dot for each level, lists flattened, `*` for names of any kind), closed lists of values, and values
that the made-up organisation added itself: these need a setting of its account. Kinds are calls,
or tables where the vendor answers queries over tables.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import descriptions
import msgspec
import pytest
import yaml
from conftest import Bench
from tests_support import TODAY, midnight

from flows.pipeline.doctor import examine
from tasks.sandbox.company import Sandbox

HERE = Path(__file__).parent / "evidence"
VENDORS = sorted(path.stem for path in HERE.glob("*.yml"))
OF_TABLES = {"salesforce", "servicenow"}
ABSENT = (None, "", [], {})
Leaves = dict[str, set[Any]]


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a source has of one kind of answer."""

    source: str
    fields: str
    values: dict[str, list[Any]] = {}
    own: dict[str, dict[Any, str]] = {}

    def has(self, path: str) -> bool:
        """Whether the source has a field, or one below it that is empty here."""
        return any(_fits(name, path) for name in self.fields.split())


def _fits(name: str, path: str) -> bool:
    parts, asked = name.split("."), path.split(".")
    pairs = zip(parts, asked, strict=False)
    return len(asked) <= len(parts) and all(part in ("*", found) for part, found in pairs)


def evidence(vendor: str) -> dict[str, Evidence]:
    """The evidence of a vendor, by kind of answer."""
    listed = yaml.safe_load((HERE / f"{vendor}.yml").read_text())
    return msgspec.convert(listed, dict[str, Evidence])


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each field without fields of its own, with its value."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, None if value in ABSENT else value


def answers(vendor: str, sandbox: Sandbox, bench: Bench) -> Iterator[tuple[str, Any]]:
    """All that a fake offers, each with its kind."""
    fake: Any = sandbox.fakes[vendor]
    if vendor in OF_TABLES:
        yield from fake._tables().items()
        return
    with descriptions.recorded(fake) as calls:
        assert bench.read(midnight(TODAY)).state == "completed"
        assert examine(bench.settings())
    for call in calls:
        if call.reply.status == 200:
            content = call.reply.content
            is_file = isinstance(content, bytes)
            yield call.asked.path, json.loads(content) if is_file else content


def objections(
    vendor: str, settings: Mapping[str, Any], offered: Iterable[tuple[str, Any]]
) -> set[str]:
    """Fields and values that are offered and that no evidence has."""
    known = evidence(vendor)
    found: dict[str, Leaves] = defaultdict(lambda: defaultdict(set))
    wrong = set()
    for kind, content in offered:
        pattern = next((name for name in known if re.fullmatch(name, kind)), None)
        if pattern is None:
            wrong.add(f"{kind}: no evidence")
            continue
        for path, value in leaves(content):
            found[pattern][path].add(value)
    for pattern, fields in found.items():
        wrong |= set(_of_kind(pattern, known[pattern], fields, settings))
    return wrong


def _of_kind(
    kind: str, source: Evidence, fields: Leaves, settings: Mapping[str, Any]
) -> Iterator[str]:
    for path, values in fields.items():
        if path and not source.has(path):
            yield f"{kind}: {path} is no field"
        own = source.own.get(path, {})
        allowed = {None, *source.values.get(path, values), *own}
        yield from (f"{kind}: {path}: {value!r} is no value" for value in values - allowed)
        for value in values & set(own):
            setting, _, name = own[value].partition(".")
            if name not in settings.get(setting, {}):
                yield f"{kind}: {path}: {value!r} needs {name} in the setting {setting}"


@pytest.fixture
def account(every_account: Bench, vendor: str) -> Bench:
    accounts = tuple(a for a in every_account.accounts if a["connector"] == vendor)
    return replace(every_account, accounts=accounts)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_fake_offers_only_what_the_evidence_has(vendor: str, account: Bench, sandbox: Sandbox):
    offered = list(answers(vendor, sandbox, account))
    assert objections(vendor, account.accounts[0], offered) == set()
    kinds = {kind for kind, _ in offered}
    unused = {name for name in evidence(vendor) if not any(re.fullmatch(name, k) for k in kinds)}
    assert unused == set()


def test_a_field_a_value_and_a_missing_setting_are_found():
    tickets = [{"id": 1, "mood": "glad", "priority": 5, "status": 6, "stats": {"sent": None}}]
    assert objections("freshdesk", {}, [("/api/v2/tickets", tickets), ("/api/v2/moods", [])]) == {
        "/api/v2/moods: no evidence",
        "/api/v2/tickets: mood is no field",
        "/api/v2/tickets: stats.sent is no field",
        "/api/v2/tickets: priority: 5 is no value",
        "/api/v2/tickets: status: 6 needs Waiting on Third Party in the setting statuses",
    }
