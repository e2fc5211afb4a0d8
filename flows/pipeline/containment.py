"""The boundary around each step: an exception ends that step, and the run goes on without it.

Errors of ours have a message that says what to do. Any other exception is not foreseen: its
traceback goes to a file in the run's folder and to the log.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flows.pipeline.context import RunContext
from flows.pipeline.outcome import Outcome, StepFailure
from flows.pipeline.traces import explain, traceback_of
from tasks.errors import SupportEtlError

_LOG = logging.getLogger("support_etl")


def explain_step(context: RunContext, step: str, error: Exception) -> str:
    """The error of a step on one line; log the traceback of one that is not ours."""
    if not isinstance(error, SupportEtlError):
        _LOG.error("%s failed: %s", step, traceback_of(error))
    return explain(error, context.folder, step)


def note_failure(
    context: RunContext, outcome: Outcome, error: Exception, step: str, subject: str = ""
) -> None:
    """Add a failed step to the outcome, and report it."""
    message = explain_step(context, f"{step} {subject}".strip(), error)
    failure = StepFailure(step, subject, message)
    outcome.step_failures.append(failure)
    context.progress(str(failure))


@contextmanager
def contained(
    context: RunContext, outcome: Outcome, step: str, subject: str = ""
) -> Iterator[None]:
    """Run a step; if it raises, note the failure and continue after the block."""
    try:
        yield
    except Exception as error:
        note_failure(context, outcome, error, step, subject)
