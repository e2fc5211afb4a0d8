"""What the Prefect flows share: work as task runs, run names, states, secrets and artifacts."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from prefect import State, Task, task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.logging.handlers import APILogHandler
from prefect.runtime import deployment, flow_run
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import SecretStr

from flows.pipeline.context import open_warehouse
from flows.pipeline.outcome import Outcome
from flows.pipeline.runner import WORKERS, Work
from flows.pipeline.traces import traceback_of
from tasks.clock import as_utc, now
from tasks.errors import RunAtWorkError, SupportEtlError
from tasks.publish import kpi_table
from tasks.settings import RedactSecrets, Settings, load, redact
from tasks.warehouse import runlog

T = TypeVar("T")
LOG = logging.getLogger("support_etl")
TASK_RUNNER: Any = ThreadPoolTaskRunner(max_workers=WORKERS)
_receiver: ContextVar[Callable[[Outcome | Exception], None]] = ContextVar(
    "receiver", default=lambda end: None
)


class PrefectRunner:
    """Every piece of work is a task run with its own name and tags. Use it inside a flow.

    Prefect retries no task. Requests to vendors retry where the vendor's own wait is known, the
    next run resumes an interrupted batch, and a step inside the build's transaction cannot be
    repeated alone. When the connection to the warehouse breaks, its lock is lost with it: another
    run may be at work, so a retry could be a second writer.
    """

    def submit(self, work: Work[T]) -> "_TaskRun[T]":
        """Start the work as a task run."""
        return _TaskRun(_task(work).submit(_Hidden(work)))

    def run(self, work: Work[T]) -> T:
        """Do the work now, as a task run."""
        try:
            result: T = _task(work)(_Hidden(work))
        except _FailedWorkError as failed:
            return failed.end  # type: ignore[no-any-return]
        return result


class _TaskRun(Generic[T]):
    """A task run that has started."""

    def __init__(self, future: "PrefectFuture[T]") -> None:
        self._future = future

    def result(self) -> T:
        """Wait for the work and give its result."""
        try:
            return self._future.result()
        except _FailedWorkError as failed:
            return failed.end  # type: ignore[no-any-return]


class _FailedWorkError(Exception):
    """Ends a task run as failed, with a message that Prefect may store: it has no secret.

    The work gave a result, as a failed stream does, or raised an error.
    """

    def __init__(
        self, message: str, *, result: object = None, error: Exception | None = None
    ) -> None:
        super().__init__(redact(message))
        self._result: Any = result
        self._error = error

    @property
    def end(self) -> Any:  # noqa: ANN401  the result of any work
        """The result of the work. Raises its error."""
        if self._error:
            raise self._error
        return self._result

    def __reduce__(self) -> tuple[type, tuple[str]]:
        """Only the message can be stored."""
        return type(self), (str(self),)


class _Hidden(Generic[T]):
    """Hides the work's arguments, secrets among them, from Prefect, which inspects parameters."""

    __slots__ = ("_work",)

    def __init__(self, work: Work[T]) -> None:
        self._work = work

    def __call__(self) -> T:
        try:
            result = self._work.call()
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            raise _FailedWorkError(message, error=error) from None
        failure = self._work.failure(result)
        if failure:
            raise _FailedWorkError(failure, result=result)
        return result

    def __repr__(self) -> str:
        return "work"


def _call(work: _Hidden[T]) -> T:
    return work()


def _task(work: Work[T]) -> "Task[[_Hidden[T]], T]":
    decorate = task(
        name=work.kind,
        task_run_name=work.name,
        tags=[work.kind, *work.tags],
        retries=0,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    return decorate(_call)


def run_name(kind: str, instant_parameter: str = "as_of") -> Callable[[], str]:
    """Name flow runs by kind and instant (UTC), such as `daily 2026-03-01 05:00`.

    The kind is the deployment's name, if there is one: `hourly` runs the daily job, too.
    """

    def name() -> str:
        given = flow_run.parameters.get(instant_parameter)
        instant = given if isinstance(given, datetime) else now()
        return f"{deployment.name or kind} {as_utc(instant):%Y-%m-%d %H:%M}"

    return name


@contextmanager
def lines_in_prefect() -> Iterator[None]:
    """Send the lines of the job to Prefect's log of the run, without secrets.

    A worker starts a flow without our command line. There the root logger's level, WARNING, would
    hold for our lines too, and none would arrive.
    """
    level, handler, redaction = LOG.level, APILogHandler(), RedactSecrets()
    is_sent = any(isinstance(one, APILogHandler) for one in LOG.handlers)
    if not is_sent:
        LOG.addHandler(handler)
    if level == logging.NOTSET:
        LOG.setLevel(logging.INFO)
    LOG.addFilter(redaction)
    try:
        yield
    finally:
        LOG.removeFilter(redaction)
        LOG.setLevel(level)
        LOG.removeHandler(handler)


def state_of(run: Callable[[Settings], Outcome]) -> State[Any]:
    """Run the pipeline and give the state in which the flow ends.

    If another run holds the warehouse, this one is cancelled; the other one reports the outcome. No
    error leaves the flow: Prefect would store it whole, as a pickle.
    """
    with lines_in_prefect():
        return _state_of(run)


def _state_of(run: Callable[[Settings], Outcome]) -> State[Any]:
    try:
        settings = load()
        outcome = run(settings)
    except RunAtWorkError as busy:
        return Cancelled(message=redact(str(busy)))
    except Exception as error:
        _receiver.get()(error)
        return failed_by(error)
    _leave_artifacts(settings, outcome)
    _receiver.get()(outcome)
    if outcome.state != "completed":
        return Failed(message=outcome.message)
    return Completed(message=f"{outcome.changed_rows:,} rows changed")


def failed_by(error: Exception) -> State[Any]:
    """The state of a flow that an error ended, without secrets; the log has its traceback."""
    if not isinstance(error, SupportEtlError):
        LOG.error("%s", traceback_of(error))
    return Failed(message=redact(f"{type(error).__name__}: {error}"))


def outcome_of(flow: Callable[[], State[Any]]) -> Outcome:
    """Run a flow in this process and give its outcome, which Prefect never stores.

    Raises the error that ended the run.
    """
    ends: list[Outcome | Exception] = []
    token = _receiver.set(ends.append)
    try:
        state = flow()
    finally:
        _receiver.reset(token)
    for end in ends:
        if isinstance(end, Exception):
            raise end
        return end
    if state.is_cancelled():
        raise RunAtWorkError(state.message or "another run is at work")
    error = state.result(raise_on_failure=False)
    raise error if isinstance(error, Exception) else SupportEtlError(redact(str(error)))


class _PrefectSecrets:
    """Prefect Secret blocks, by name."""

    def __call__(self, name: str, /) -> str | None:
        """The value of a block; None if there is no such block."""
        try:
            block: Any = Secret.load(name)
        except ValueError:
            return None
        return str(block.get())

    def write(self, name: str, value: str) -> bool:
        """Put a new value into the block; whether that worked."""
        try:
            Secret(value=SecretStr(value)).save(name, overwrite=True)
        except Exception as error:
            LOG.warning("the block %s cannot be written: %s", name, type(error).__name__)
            return False
        return True


prefect_secret = _PrefectSecrets()


def _leave_artifacts(settings: Settings, outcome: Outcome) -> None:
    """Leave KPI table, summary of the streams, and links to report and tables for Prefect's UI."""
    try:
        _leave_kpis(settings)
        _leave_summary(outcome)
        _leave_links(settings, outcome)
    except Exception as error:
        LOG.warning("no artifacts: %s", redact(str(error)))


def _leave_kpis(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse, warehouse.session() as session:
        built = runlog.reported_days(session)
        if built is None:
            return
        table = kpi_table(session, built.last_day)
    rows = [dict(zip(table.headings, map(str, row), strict=True)) for row in table.rows]
    create_table_artifact(rows, key="kpis", description=f"KPIs up to {built.last_day}")


def _leave_summary(outcome: Outcome) -> None:
    summary = [
        {
            "stream": result.name,
            "state": result.state,
            "records": result.records,
            "changed": result.changed,
            "set aside": result.quarantined,
            "broken rules": sum(
                not rule.is_met for _, verdict in result.verdicts for rule in verdict.results
            ),
            "message": result.message,
        }
        for result in outcome.streams
    ]
    create_table_artifact(summary, key="validation", description="Streams and rules of the run")


def _leave_links(settings: Settings, outcome: Outcome) -> None:
    """Links to what the run wrote; an address on this machine where the settings name no other."""
    published = outcome.published
    if published is None:
        return
    copy = settings.warehouse.published
    with open_warehouse(settings) as warehouse:
        tables = Path(copy).absolute().as_uri() if copy else warehouse.name
    page = settings.notifications.report_link or published.page.absolute().as_uri()
    links = {
        "report": (page, "Report of the run"),
        "spreadsheet": (published.sheet.absolute().as_uri(), "Tables of the report"),
        "data-docs": (Path(published.data_docs).absolute().as_uri(), "Results of the data rules"),
        "tables": (tables, "Warehouse, or the readers' copy of it: schemas core and marts"),
    }
    for key, (address, description) in links.items():
        create_link_artifact(redact(address), key=key, link_text=key, description=description)
