"""Checks of what other tools see of a run: OpenLineage events and Prometheus metrics."""

from collections import defaultdict
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from prometheus_client.parser import text_string_to_metric_families

from tasks.monitoring.prometheus import METRICS
from tasks.sandbox.fake import Fake, Request, Response

_TEXT, _URI = {"type": "string"}, {"type": "string", "pattern": r"^[a-z]+:\S+$"}
_FACETS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["_producer", "_schemaURL"],
        "properties": {"_producer": _URI, "_schemaURL": _URI},
    },
}
_NAMED = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {
        "namespace": _TEXT,
        "name": _TEXT,
        "facets": _FACETS,
        "outputFacets": _FACETS,
    },
}
RUN_EVENT = {  # the shape that version 2-0-2 of the specification describes
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": {"type": "string", "format": "date-time"},
        "producer": _URI,
        "schemaURL": _URI,
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {"runId": {"type": "string", "format": "uuid"}, "facets": _FACETS},
        },
        "job": _NAMED,
        "inputs": {"type": "array", "items": _NAMED},
        "outputs": {"type": "array", "items": _NAMED},
    },
}
Event = dict[str, Any]


class LineageServer(Fake):
    """Takes OpenLineage events as Marquez does, for the right key."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.events: list[Event] = []

    def answer(self, asked: Request) -> Response:
        if (asked.method, asked.path, asked.bearer()) != ("POST", "/api/v1/lineage", self.key):
            return Response({"message": "no"}, 401)
        self.events.append(asked.json())
        return Response(b"", 201)


def check_events(events: list[Event]) -> dict[str, list[Event]]:
    """Every event has the shape, every run of a job one START and one end; by job."""
    validator = Draft202012Validator(RUN_EVENT, format_checker=FormatChecker())
    by_run, by_job = defaultdict(list), defaultdict(list)
    for event in events:
        validator.validate(event)
        by_run[event["run"]["runId"]].append(event)
        by_job[event["job"]["name"]].append(event)
    for several in by_run.values():
        kinds = [event["eventType"] for event in several]
        assert kinds[0] == "START", kinds
        assert kinds[1:] in (["COMPLETE"], ["FAIL"]), kinds
        assert several[0]["eventTime"] <= several[1]["eventTime"]
    return by_job


def metric_values(text: str) -> dict[tuple[str, ...], float]:
    """The metrics of a text, by name and labels; each is declared with its help and type."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert (family.type, bool(family.documentation)) == ("gauge", True), family.name
        labels = METRICS[family.name].labels
        for sample in family.samples:
            assert set(sample.labels) == set(labels)
            found[(family.name, *(sample.labels[name] for name in labels))] = sample.value
    return found
