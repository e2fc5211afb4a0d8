"""Sample answers from the vendors' pages, through the declared mapping, give the expected rows."""

import json
from pathlib import Path

import pytest

from tasks.connectors import connector, connectors
from tasks.rest.spec import MAIN
from tasks.translation.samples import differences, read_sample, stream_of, translated

HERE = Path(__file__).parent
SAMPLES = sorted(HERE.glob("*/*.json"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_sample_becomes_the_expected_rows(path: Path):
    assert differences(connector(path.parent.name), read_sample(path)) == ""


def _lists(content, path: list[str]):
    """The lists of objects at a path, from any object of a response."""
    for one in (
        content.values()
        if isinstance(content, dict)
        else content
        if isinstance(content, list)
        else ()
    ):
        yield from _lists(one, path)
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    if isinstance(content, list) and content and isinstance(content[0], dict):
        yield content


def test_an_empty_list_item_is_rejected_with_its_reason():
    """A filter would not match it, and a change of a ticket would vanish silently."""
    tried = set()
    for path in SAMPLES:
        sample = json.loads(path.read_text())
        stream = stream_of(connector(path.parent.name), sample)
        section = sample.get("section", MAIN)
        for output in (
            b for b in stream.outputs if b.section == section and b.each and not b.transform
        ):
            answer = json.loads(path.read_text())["answer"]
            for items in _lists(answer, output.each.split(".")):
                items[0] = {}
            rows = translated(stream, output, {**sample, "answer": answer})
            if answer != sample["answer"]:
                assert (
                    f"an empty item in its {output.each}" in rows.refused["reason"].to_pylist()
                ), path
                tried.add(path.parent.name)
    assert tried >= {"zendesk", "hubspot", "intercom"}, tried


def test_every_vendor_has_samples_that_name_their_page():
    for name in connectors():
        if name != "files":
            result = [json.loads(p.read_text()) for p in SAMPLES if p.parent.name == name]
            assert result, f"tests/connectors/{name} has no sample"
            assert all(s["taken_from"].startswith("http") for s in result)
