"""Commands that list what there is: `connectors`, `models`, `kpis` and `surveys`."""

from collections.abc import Mapping
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from flows.cli import console
from flows.cli.console import Accounts, AsJson
from flows.cli.sandbox import sandbox_if_no_account
from tasks.errors import ConfigurationError
from tasks.paths import DOCS
from tasks.settings import load

if TYPE_CHECKING:
    from tasks.rest.spec import Connector, Stream
    from tasks.sqlmodels.catalog import Model
    from tasks.sqlmodels.kpis import Kpi
    from tasks.sqlmodels.reads import Read
    from tasks.surveys import Question

T = TypeVar("T")
Name = Annotated[str, typer.Argument(metavar="[NAME]", help="Show only this one, in detail.")]


def connectors(name: Name = "", as_json: AsJson = False) -> None:
    """List the vendors; with a NAME, its streams, settings, gaps and quality sheet."""
    from tasks.connectors import connectors as known
    from tasks.connectors import places

    chosen, where = _chosen("connector", known(), name), places()
    if as_json:
        facts = [(c.name, _stream_facts(c, s)) for c in chosen.values() for s in c.streams]
        console.print_json([{**fact, "place": where[name]} for name, fact in facts])
    elif name:
        _print_connector(chosen[name], where[name])
    else:
        console.table(
            "Connectors",
            ("Name", "Vendor", "API", "Streams", "Settings", "Secrets", "From"),
            [
                (
                    c.name,
                    c.title,
                    c.api_version,
                    len(c.streams),
                    ", ".join(c.settings),
                    ", ".join(c.secrets),
                    where[c.name],
                )
                for c in chosen.values()
            ],
        )


def models(name: Name = "", as_json: AsJson = False) -> None:
    """List the tables in building order, then the reads; with a NAME, its columns and inputs.

    A read is a query that Python runs. `models source` lists the tables that connectors fill, and
    `models source.ticket` the columns of one.
    """
    from tasks.sqlmodels.catalog import models as tables
    from tasks.sqlmodels.reads import reads

    if name.partition(".")[0] == "source":
        _print_sources(name, as_json=as_json)
        return
    known: dict[str, Model | Read] = {**tables(), **reads()}
    chosen = _chosen("model", known, name)
    facts = {key: _model_facts(key, model) for key, model in chosen.items()}
    if as_json:
        console.print_json(list(facts.values()))
    elif name:
        console.details(name, facts[name].items())
        columns = [(c.name, c.kind, c.description) for c in chosen[name].all_columns]
        console.table("Columns", ("Column", "Kind", "Description"), columns)
    else:
        titles = ("Name", "Built by", "One row per", "Description", "From")
        keys = ("model", "built_by", "grain", "description", "place")
        console.table("Models", titles, [tuple(f[k] for k in keys) for f in facts.values()])


def _print_sources(name: str, *, as_json: bool) -> None:
    """List the tables that connectors fill, or the columns of one."""
    from tasks.entities import ENTITIES

    known = {f"source.{entity.name}": entity for entity in ENTITIES.values()}
    chosen = _chosen("table", known, name if name != "source" else "")
    if as_json:
        console.print_json([{"model": key, **asdict(entity)} for key, entity in chosen.items()])
        return
    if name == "source":
        titles = ("Name", "One row per account and", "Description")
        rows = [(key, ", ".join(e.key), e.description) for key, e in chosen.items()]
        console.table("Tables that connectors fill", titles, rows)
        return
    entity = chosen[name]
    facts = (("one row per", ", ".join(("account", *entity.key))), ("what", entity.description))
    console.details(name, facts)
    required = entity.required
    columns = [
        (c.name, c.kind, "yes" if c.name in required else "", c.personal or "", c.description)
        for c in entity.columns
    ]
    console.table("Columns", ("Column", "Kind", "Required", "Only with", "Description"), columns)


def kpis(name: Name = "", as_json: AsJson = False) -> None:
    """List the KPIs with their definitions; with a NAME, all that defines it."""
    from tasks.sqlmodels.kpis import kpis as known

    chosen = _chosen("KPI", known(), name)
    if as_json:
        console.print_json([_kpi_facts(kpi) for kpi in chosen.values()])
    elif name:
        console.details(chosen[name].title, _kpi_facts(chosen[name]).items())
    else:
        console.table(
            "KPIs",
            ("KPI", "Unit", "Better", "Counted on", "Definition", "From"),
            [
                (
                    k.name,
                    k.unit,
                    k.better,
                    k.attributed_to,
                    k.description,
                    _place(k.path, is_own=k.is_own),
                )
                for k in sorted(chosen.values(), key=lambda kpi: kpi.name)
            ],
        )


def surveys(account: Accounts = None, as_json: AsJson = False) -> None:
    """List surveys and questions, and propose which questions are scores (CSAT, NPS, CES)."""
    from flows.pipeline.doctor import survey_questions

    with sandbox_if_no_account(load(), is_kept=False) as (settings, _):
        by_account = survey_questions(settings, account or ())
    if as_json:
        console.print_json([vars(q) for questions in by_account.values() for q in questions])
        return
    for name, questions in by_account.items():
        _print_questions(name, questions)
    if not by_account:
        console.line(
            "no account has a list of surveys; Medallia's scores are named by field id (see the"
            " README)"
        )


def _chosen(kind: str, known: Mapping[str, T], name: str) -> Mapping[str, T]:
    """Everything, or the one of this name. Raises ConfigurationError with names that are close."""
    if not name:
        return known
    if name not in known:
        close = get_close_matches(name, known) or sorted(known)[:5]
        raise ConfigurationError(f"no {kind} {name}; there are {', '.join(close)}")
    return {name: known[name]}


def _stream_facts(connector: "Connector", stream: "Stream") -> dict[str, Any]:
    return {
        "connector": connector.name,
        "title": connector.title,
        "api_version": connector.api_version,
        "settings": ", ".join(connector.settings),
        "optional_settings": ", ".join(connector.optional_settings),
        "secrets": ", ".join(connector.secrets),
        "requests_per_minute": connector.limits.requests_per_minute,
        "stream": stream.name,
        "description": stream.description,
        "entities": ", ".join(dict.fromkeys(b.entity.name for b in stream.outputs)),
        "incremental": stream.incremental,
        "enabled": stream.enabled,
    }


def _documentation(place: str) -> str:
    """An address as it is; a page of ours where it lies on this machine."""
    return place if place.startswith("http") else str(DOCS.parent / place)


def _ways(connector: "Connector") -> list[tuple[str, str]]:
    """What each way to sign in needs."""
    return [
        (f"sign-in: {way.title}", ", ".join((*way.secrets, *way.settings)) or "nothing")
        for way in connector.auth.ways
    ]


def _own_fields(connector: "Connector") -> str:
    """Whose own fields can be read, with the standard ones that have a name of ours."""
    named: dict[str, list[str]] = {}
    for own in connector.own_fields:
        named.setdefault(own.record_type, []).extend(own.elsewhere)
    return "; ".join(
        f"{record_type} ({', '.join(names)})" if names else record_type
        for record_type, names in named.items()
    )


def _print_connector(connector: "Connector", place: str) -> None:
    limit = connector.limits.requests_per_minute
    console.details(
        f"{connector.title} ({connector.name})",
        (
            ("from", place),
            ("API", connector.api_version),
            ("settings", ", ".join(connector.settings) or "none"),
            ("optional settings", ", ".join(connector.optional_settings) or "none"),
            *_ways(connector),
            ("rate limit", f"{limit} requests a minute" if limit else "none of its own"),
            ("own fields of", _own_fields(connector)),
            ("not in its API", ", ".join(connector.unsupported)),
            ("documentation", _documentation(connector.docs)),
        ),
    )
    facts = [_stream_facts(connector, stream) for stream in connector.streams]
    console.table(
        "Streams",
        ("Stream", "Becomes", "Keeps up by", "Description"),
        [
            (
                f["stream"] + ("" if f["enabled"] else " (off)"),
                f["entities"],
                f["incremental"],
                f["description"],
            )
            for f in facts
        ],
    )
    if place == "shipped":
        _print_quality(connector.name)


def _print_quality(vendor: str) -> None:
    """The quality sheet: verdicts, then the evidence for what is read."""
    from tasks.quality_scale import quality_sheet

    sheet = quality_sheet(vendor)
    console.table(
        f"Quality: level {sheet.level or 'none'}",
        ("Rule", "Level", "What it asks for", "State", "Remark"),
        sheet.rows,
    )
    console.table("Evidence", ("Answer or values", "Class", "Source", "Open"), sheet.evidence_rows)


def _model_facts(name: str, model: "Model | Read") -> dict[str, Any]:
    return {
        "model": name,
        "grain": ", ".join(model.grain),
        "built_by": model.built_by,
        "needs": ", ".join(model.inputs),
        "description": model.description,
        "place": _place(model.path, is_own=model.is_own),
    }


def _place(path: Path, *, is_own: bool) -> str:
    """Where a model or KPI comes from."""
    return str(path) if is_own else "shipped"


def _kpi_facts(kpi: "Kpi") -> dict[str, Any]:
    return {
        "kpi": kpi.name,
        "title": kpi.title,
        "description": kpi.description,
        "unit": kpi.unit,
        "numerator": kpi.numerator,
        "denominator": kpi.denominator,
        "better": kpi.better,
        "attributed_to": kpi.attributed_to,
        "source": kpi.source,
        "place": _place(kpi.path, is_own=kpi.is_own),
    }


def _print_questions(account: str, questions: "list[Question]") -> None:
    console.table(
        f"{account}: surveys and questions",
        ("Survey", "Question", "Text", "Kind", "Scale", "Proposed"),
        [
            (
                f"{q.survey} ({q.survey_id})",
                q.question_id,
                q.heading,
                q.family,
                q.scale,
                q.metric or "no score",
            )
            for q in questions
        ],
    )
    scores = [question.as_setting() for question in questions if question.metric]
    if scores:
        console.line(f"for [[accounts]] {account} in support_etl.toml, once you checked each line:")
        for text in ("scores = [", *scores, "]", ""):
            console.line(text)
