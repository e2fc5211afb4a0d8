"""The quality sheets: each vendor has one, and each rule marked done has a check or a proof."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from tasks.connectors import connector, connectors
from tasks.errors import ConfigurationError
from tasks.quality_scale import (
    RULES,
    VALUE_LISTS,
    Evidence,
    Sheet,
    Verdict,
    quality_sheet,
    read_sheet,
    sheet_text,
)
from tasks.rest.spec import MAIN, ChildStream, Connector, IncrementalWindow, Stream

ROOT = Path(__file__).parents[2]
DECLARATIONS = ROOT / "tasks" / "connectors"
VENDORS = sorted(connectors())
RULE = {rule.name: rule for rule in RULES}
OF_EVERY_ACCOUNT = {"scores", "partition", "name", "default_schedule", "time_zone"}


def answers(stream: Stream) -> Iterator[str]:
    """Every response that a stream reads: its own, of follow-up calls and of parent lists."""

    def below(children: tuple[ChildStream, ...]) -> Iterator[str]:
        for child in children:
            yield f"{stream.name}/{child.name}"
            yield from below(child.child_streams)

    yield stream.name
    yield from below(stream.child_streams)
    if stream.parent is not None:
        yield from (f"{stream.name}/parents", f"{stream.name}/parent_document")
    if stream.document is not None:
        yield f"{stream.name}/parent_document"


def evidence_problems(sheet: Sheet, vendor: Connector) -> Iterator[str]:
    """Requirements of every sheet, independent of its rules."""
    read = {name for stream in vendor.streams for name in answers(stream)}
    for name in sorted(read - set(sheet.streams)):
        yield f"streams: name the evidence for the answer {name}"
    for name in sorted(set(sheet.streams) - read):
        yield f"streams: {name} is read no longer; remove its evidence"
    for name in sorted(set(VALUE_LISTS) - set(sheet.values)):
        yield f"values: name the evidence for {name}, or class absent with the reason"
    for name, evidence in (*sheet.streams.items(), *sheet.values.items()):
        if not evidence.source.strip():
            yield f"{name}: say where the evidence is, or where you looked"


def is_broken(stream: Stream) -> bool:
    """Whether a stream lacks a requirement of rule 1."""
    keyed = all(
        output.transform or set(output.entity.key) <= set(output.fields)
        for output in stream.outputs
    )
    overlapping = not isinstance(stream.sync, IncrementalWindow) or stream.sync.overlap > timedelta(
        0
    )
    named = stream.description and stream.path and stream.outputs and stream.paging
    return not (named and keyed and overlapping)


@cache
def sampled(vendor: str) -> frozenset[tuple[str, str]]:
    """Streams and sections that have a sample response."""
    files = (Path(__file__).parent / vendor).glob("*.json")
    samples = [json.loads(path.read_text()) for path in files]
    return frozenset((sample["stream"], sample.get("section", MAIN)) for sample in samples)


def streams_problems(sheet: Sheet, vendor: Connector) -> Iterator[str]:
    for stream in vendor.streams:
        if is_broken(stream):
            yield f"give {stream.name} description, path, key, overlap, paging and entity"


def proof_of_evidence_problems(sheet: Sheet, vendor: Connector) -> Iterator[str]:
    for name, evidence in (*sheet.streams.items(), *sheet.values.items()):
        if evidence.kind == "guess" and not evidence.guard:
            yield f"{name} is a guess: find evidence, or say under guard what finds a wrong guess"


def samples_problems(sheet: Sheet, vendor: Connector) -> Iterator[str]:
    read = {(s.name, o.section) for s in vendor.streams for o in s.outputs}
    for stream, section in sorted(read - sampled(sheet.vendor)):
        yield f"write a sample in tests/connectors/{sheet.vendor} of {stream}, section {section}"


def harness_problems(sheet: Sheet, vendor: Connector) -> Iterator[str]:
    if not (Path(__file__).parent / sheet.vendor / "harness.yml").exists():
        yield f"add tests/connectors/{sheet.vendor}/harness.yml"


def settings_problems(sheet: Sheet, vendor: Connector) -> Iterator[str]:
    """Settings that an address, a header or the code reads, and the declaration does not list."""
    templates = f"{vendor.base_url} {vendor.other_base_urls} {vendor.headers} {vendor.auth!r}"
    code = "".join(path.read_text() for path in (DECLARATIONS / sheet.vendor).glob("*.py"))
    read = set(re.findall(r"\{(\w+)\}", templates))
    read |= set(re.findall(r"settings(?:\.get\(|\[)\"(\w+)\"", code))
    listed = {*vendor.settings, *vendor.optional_settings, *vendor.secrets}
    listed |= vendor.region.names if vendor.region else set()
    for name in sorted(read - listed - OF_EVERY_ACCOUNT):
        yield f"list the setting {name} in the declaration"


def docs_problems(sheet: Sheet, vendor: Connector) -> Iterator[str]:
    """What a vendor's page must say, unless the proof is a page of its own."""
    pages = next(v.proofs for v in sheet.verdicts if v.rule.name == "docs")
    if sheet.access is None:
        if not pages:
            yield "say under access how to get credentials, and how long a first load takes"
        return
    for name in ("steps", "source", "first_load"):
        if not getattr(sheet.access, name):
            yield f"access lacks {name}"
    if "100,000" not in sheet.access.first_load:
        yield "say under first_load how long 100,000 tickets or answers take"


CHECKS = {
    "docs": docs_problems,
    "streams": streams_problems,
    "evidence": proof_of_evidence_problems,
    "samples": samples_problems,
    "harness": harness_problems,
    "settings": settings_problems,
}


@cache
def test_names(path: Path) -> frozenset[str]:
    """Names of the functions of a test file, those of classes as `Class::name`."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{f.name}" for f in node.body if isinstance(f, ast.FunctionDef)}
    return frozenset(names)


test_names.__test__ = False


def exists(proof: str) -> bool:
    """Whether a proof, a page or `file::test`, is there."""
    file, _, name = proof.partition("::")
    path = ROOT / file
    return path.is_file() and (not name or name in test_names(path))


def rule_problems(verdict: Verdict, sheet: Sheet, vendor: Connector) -> Iterator[str]:
    """Objections to a rule that is marked done."""
    check = CHECKS.get(verdict.rule.name)
    if check is not None:
        yield from check(sheet, vendor)
    if verdict.rule.needs_proof and not verdict.proofs:
        yield "name a proof: {done: tests/file.py::test_name}, or say what is to do"
    for proof in verdict.proofs:
        if not exists(proof):
            yield f"the proof {proof} does not exist"


def problems(sheet: Sheet, vendor: Connector) -> list[str]:
    """All errors of a sheet, each with vendor, rule and remedy."""
    result = [f"{sheet.vendor}/quality.yml: {text}" for text in evidence_problems(sheet, vendor)]
    for verdict in sheet.verdicts:
        if verdict.state == "done":
            rule = f"rule {verdict.rule.number} ({verdict.rule.name}) says done"
            result += [
                f"{sheet.vendor}/quality.yml: {rule}: {text}"
                for text in rule_problems(verdict, sheet, vendor)
            ]
    return result


@pytest.mark.parametrize("name", VENDORS)
def test_what_a_sheet_calls_done_is_done(name: str):
    wrong = problems(quality_sheet(name), connector(name))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", VENDORS)
def test_evidence_names_public_sources_only(name: str):
    sheet = quality_sheet(name)
    for key, evidence in (*sheet.streams.items(), *sheet.values.items()):
        reported = f"{evidence.source} {evidence.doubt} {evidence.guard}"
        assert not re.search(
            r"(?i)\bsheet\b|(^|\s)/(?!api|v\d)\w+/\S+\.(md|json|py)\b", reported
        ), f"{name}: {key}: {reported}"


def with_rule(sheet: Sheet, name: str, *proofs: str) -> Sheet:
    """The sheet with one rule called done."""
    done = Verdict(RULE[name], "done", proofs=proofs)
    return replace(
        sheet, verdicts=tuple(done if v.rule == done.rule else v for v in sheet.verdicts)
    )


@pytest.mark.parametrize(
    ("rule", "proofs", "reported"),
    [
        ("history", (), "rule 9 (history) says done: name a proof"),
        ("history", ("tests/nowhere.py",), "the proof tests/nowhere.py does not exist"),
        (
            "history",
            ("tests/connectors/test_harness.py::test_of_nothing",),
            "test_harness.py::test_of_nothing does not exist",
        ),
    ],
)
def test_done_without_its_proof_is_refused(rule: str, proofs: tuple[str, ...], reported: str):
    vendor = connector("zendesk")
    wrong = problems(with_rule(quality_sheet("zendesk"), rule, *proofs), vendor)
    assert any(reported in line for line in wrong), wrong


def test_checks_see_what_is_missing():
    sheet, vendor = quality_sheet("zendesk"), connector("zendesk")
    main = vendor.streams[0]
    bare = replace(vendor, streams=(replace(main, description=""),), base_url="https://{x}.com")
    guess = Evidence(kind="guess", source="looked in vain")
    rules = ("streams", "evidence", "samples", "settings", "docs")
    for rule in rules:
        sheet = with_rule(sheet, rule)
    sheet = replace(sheet, streams={main.name: guess, "lost": guess}, values={}, access=None)
    wrong = "\n".join(problems(replace(sheet, vendor="nobody"), bare))
    for reported in (
        "nobody/quality.yml: streams: lost is read no longer",
        "values: name the evidence for statuses",
        "rule 1 (streams) says done: give tickets description",
        "rule 2 (evidence) says done: tickets is a guess",
        "rule 4 (samples) says done: write a sample in tests/connectors/nobody of tickets",
        "rule 5 (harness) says done: add tests",
        "rule 7 (settings) says done: list the setting x",
        "rule 25 (docs) says done: say under access how to get credentials",
    ):
        assert reported in wrong, (reported, wrong)


SHEET = """
rules:
{rules}
streams: {{}}
values: {{}}
"""


def sheet_of(tmp_path: Path, changed: dict[str, str]) -> Sheet:
    """A sheet whose rules are all done except the changed ones."""
    lines = [f"  {rule.name}: {changed.get(rule.name, 'done')}" for rule in RULES]
    path = tmp_path / "quality.yml"
    path.write_text(SHEET.format(rules="\n".join(lines)))
    return read_sheet("acme", path)


@pytest.mark.parametrize(
    ("changed", "reported"),
    [
        ({"sla": "{todo: ''}"}, "sla: say in one sentence why it is todo"),
        ({"sla": "{exempt: no end mark}"}, "sla: say in one sentence"),
        ({"sla": "{later: Perhaps.}"}, "later"),
        ({"sla": "{todo: One., exempt: Two.}"}, "sla needs one state"),
    ],
)
def test_a_sheet_with_a_wrong_verdict_is_refused(tmp_path: Path, changed, reported: str):
    with pytest.raises(ConfigurationError, match=re.escape(reported)):
        sheet_of(tmp_path, changed)


def test_a_missing_sheet_and_an_unknown_rule_are_named(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"acme: write quality\.yml"):
        read_sheet("acme", tmp_path / "quality.yml")
    path = tmp_path / "other.yml"
    path.write_text("rules: {speed: done}\nstreams: {}\nvalues: {}\n")
    with pytest.raises(ConfigurationError, match=r"missing or unknown: .*speed"):
        read_sheet("acme", path)


@pytest.mark.parametrize(
    ("changed", "level"),
    [
        ({}, "gold"),
        ({"docs": "{todo: Write it.}"}, "silver"),
        ({"docs": "{exempt: Nothing to say.}"}, "gold"),
        ({"sla": "{todo: Read it.}"}, "bronze"),
        ({"fake": "{todo: Write it.}"}, None),
    ],
)
def test_the_level_is_computed(tmp_path: Path, changed, level):
    assert sheet_of(tmp_path, changed).level == level


@pytest.mark.parametrize("name", VENDORS)
def test_a_sheet_reads_as_text(name: str):
    sheet = quality_sheet(name)
    text = sheet_text(sheet)
    assert text.startswith(f"{name}: level")
    assert all(rule.text in text for rule in RULES)
    assert all(row[0] in text for row in sheet.evidence_rows)
    assert len(sheet.rows) == len(RULES)
