"""OpenLineage events of a run, its streams and its models.

They follow version 2-0-2 of the specification (github.com/OpenLineage/OpenLineage, folder spec): a
START and one of COMPLETE and FAIL for each run of a job. The jobs of streams and models name the
pipeline's run as their parent. Plain JSON: the client library would add nothing but classes.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Literal

from tasks.entities import Column

_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = {  # the facets that are sent, and the version of each
    "parent": ("1-2-0", "ParentRunFacet"),
    "nominalTime": ("1-0-1", "NominalTimeRunFacet"),
    "errorMessage": ("1-0-1", "ErrorMessageRunFacet"),
    "processing_engine": ("1-1-1", "ProcessingEngineRunFacet"),
    "jobType": ("2-0-4", "JobTypeJobFacet"),
    "sql": ("1-1-0", "SQLJobFacet"),
    "documentation": ("1-1-0", "DocumentationJobFacet"),
    "schema": ("1-2-0", "SchemaDatasetFacet"),
    "outputStatistics": ("1-0-2", "OutputStatisticsOutputDatasetFacet"),
}
_PRODUCER = f"urn:support-etl:{version('support-etl')}"
_KINDS = {
    "text": "VARCHAR",
    "whole": "BIGINT",
    "number": "DOUBLE",
    "money": "DECIMAL(18, 4)",
    "flag": "BOOLEAN",
    "instant": "TIMESTAMP WITH TIME ZONE",
    "day": "DATE",
}

Facet = dict[str, object]
Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table or a vendor's stream; `rows` were written to it."""

    namespace: str
    name: str
    columns: Sequence[Column] = ()
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A run, a stream or a model, as a job of OpenLineage."""

    namespace: str
    name: str
    kind: Literal["PIPELINE", "STREAM", "MODEL"]
    description: str = ""
    sql: str = ""
    dialect: str = ""
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """One run of a job; `ended_at` is None while it is at work, `failure` says what went wrong."""

    run_id: str
    as_of: datetime
    started_at: datetime
    ended_at: datetime | None = None
    failure: str = ""


def events(job: Job, span: Span, parent: Job | None = None) -> list[Event]:
    """The START of a job's run, and its end if it has ended."""
    found = [_event("START", job, span, span.started_at, parent)]
    if span.ended_at:
        found.append(end_event(job, span, parent))
    return found


def end_event(job: Job, span: Span, parent: Job | None = None) -> Event:
    """The end of a job's run: COMPLETE or FAIL."""
    kind = "FAIL" if span.failure else "COMPLETE"
    return _event(kind, job, span, span.ended_at or span.started_at, parent)


def _event(kind: str, job: Job, span: Span, at: datetime, parent: Job | None) -> Event:
    return {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "producer": _PRODUCER,
        "schemaURL": _EVENT,
        "run": {"runId": _run_uuid(job, span), "facets": _run_facets(kind, span, parent)},
        "job": {"namespace": job.namespace, "name": job.name, "facets": _job_facets(job)},
        "inputs": [_dataset(one) for one in job.inputs],
        "outputs": [_dataset(one, is_output=True) for one in job.outputs],
    }


def _run_uuid(job: Job, span: Span) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job.namespace}/{job.name}/{span.run_id}"))


def _facet(name: str, values: Mapping[str, object]) -> Facet:
    number, title = _FACETS[name]
    where = f"{_SPEC}/facets/{number}/{title}.json#/$defs/{title}"
    return {"_producer": _PRODUCER, "_schemaURL": where, **values}


def _run_facets(kind: str, span: Span, parent: Job | None) -> Facet:
    facets: dict[str, Mapping[str, object]] = {
        "nominalTime": {"nominalStartTime": span.as_of.isoformat()},
        "processing_engine": {"name": "Support ETL", "version": version("support-etl")},
    }
    if parent:
        facets["parent"] = {
            "run": {"runId": _run_uuid(parent, span)},
            "job": {"namespace": parent.namespace, "name": parent.name},
        }
    if kind == "FAIL":
        facets["errorMessage"] = {"message": span.failure, "programmingLanguage": "PYTHON"}
    return {name: _facet(name, values) for name, values in facets.items()}


def _job_facets(job: Job) -> Facet:
    facets: dict[str, Mapping[str, object]] = {
        "jobType": {
            "processingType": "BATCH",
            "integration": "SUPPORT_ETL",
            "jobType": job.kind,
        }
    }
    if job.description:
        facets["documentation"] = {"description": job.description}
    if job.sql:
        facets["sql"] = {"query": job.sql, "dialect": job.dialect}
    return {name: _facet(name, values) for name, values in facets.items()}


def _dataset(dataset: Dataset, *, is_output: bool = False) -> dict[str, object]:
    made: dict[str, object] = {"namespace": dataset.namespace, "name": dataset.name}
    if dataset.columns:
        made["facets"] = {"schema": _facet("schema", {"fields": list(_fields(dataset.columns))})}
    if is_output and dataset.rows is not None:
        statistics = _facet("outputStatistics", {"rowCount": dataset.rows})
        made["outputFacets"] = {"outputStatistics": statistics}
    return made


def _fields(columns: Sequence[Column]) -> Iterable[dict[str, object]]:
    for column in columns:
        yield {
            "name": column.name,
            "type": _KINDS[column.kind],
            "description": column.description,
        }
