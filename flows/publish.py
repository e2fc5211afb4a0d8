"""Check the marts, write report, spreadsheet and Data Docs, put the readers' copy in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flows.ingest import StreamResult
from flows.runner import Runner
from tasks import publish
from tasks.quality.suites import Verdict, check, columns_of, rules_of, write_docs
from tasks.settings import Settings
from tasks.sqlmodels.catalog import models
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse


@dataclass(frozen=True, slots=True)
class Published:
    """Where the run's results are."""

    page: Path
    sheet: Path
    data_docs: str
    broken_rules: tuple[str, ...]


def publish_run(
    settings: Settings,
    warehouse: Warehouse,
    runner: Runner,
    *,
    run_id: str,
    state: str,
    as_of: datetime,
    results: Sequence[StreamResult],
    notes: Sequence[str],
    identities: Verdict,
) -> Published:
    """Write everything that people read about a run."""
    verdicts = runner.run("validate marts", lambda: _check_marts(warehouse))
    broken = tuple(
        f"{v.subject}: {r.description}"
        for v in (identities, *verdicts)
        for r in v.results
        if not r.is_met
    )
    _record(warehouse, run_id, [identities, *verdicts], results)
    folder = settings.reports.folder

    def write() -> tuple[Path, Path]:
        with warehouse.session() as session:
            report = publish.collect(
                session,
                run_id=run_id,
                state=state,
                as_of=as_of,
                notes=[*notes, *broken],
            )
            publish.publish_copy(session, settings.warehouse.published)
        return publish.write(report, folder)

    page, sheet = runner.run("publish report", write)
    titled = [(v.subject, v) for v in verdicts] + [pair for r in results for pair in r.verdicts]
    docs = runner.run(
        "publish data docs", lambda: write_docs(str(Path(folder) / run_id / "data_docs"), titled)
    )
    return Published(page, sheet, docs, broken)


def _check_marts(warehouse: Warehouse) -> list[Verdict]:
    """Apply the suites of the marts to the marts as they are."""
    verdicts = []
    with warehouse.session() as session:
        for model in models().values():
            if model.schema != "marts" or not rules_of(model.name):
                continue
            names = ", ".join(f'"{name}"' for name in columns_of(model.name))
            verdicts.append(
                check(
                    model.name,
                    session.arrow(f"select {names} from {model.full_name}"),
                )
            )
    return verdicts


def _record(
    warehouse: Warehouse, run_id: str, marts: Sequence[Verdict], results: Sequence[StreamResult]
) -> None:
    rows = {}
    listed = [("", v) for v in marts] + [(title, v) for r in results for title, v in r.verdicts]
    for title, verdict in listed:
        for rule in verdict.results:
            rows[verdict.subject, title, rule.rule] = {
                "subject": verdict.subject,
                "batch_id": title,
                "rule": rule.rule,
                "level": rule.level,
                "is_met": rule.is_met,
                "unexpected_count": rule.unexpected_count,
                "rows_count": rule.rows_count,
            }
    with warehouse.transaction() as session:
        runlog.record_validation(session, run_id, list(rows.values()))
