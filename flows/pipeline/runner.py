"""Pieces of work, and how they run: plainly in threads here, or as Prefect tasks."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
Result_co = TypeVar("Result_co", covariant=True)
WORKERS = 6


def _never_fails(result: object) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """A piece of work: its kind, its subject, and the call that does it.

    `failure` reads from the result why the work failed; "" for success. A failed stream gives
    such a result and raises nothing.
    """

    kind: str
    subject: str
    call: Callable[[], T]
    tags: tuple[str, ...] = ()
    failure: Callable[[T], str] = _never_fails

    @property
    def name(self) -> str:
        """Kind and subject, such as `ingest zendesk_main/tickets`."""
        return f"{self.kind} {self.subject}".strip()


class Waiting(Protocol[Result_co]):
    """Work that has started."""

    def result(self) -> Result_co:
        """Wait for the work and give its result."""


class Runner(Protocol):
    """Runs pieces of work, in parallel or one after the other."""

    def submit(self, work: Work[T]) -> Waiting[T]:
        """Start the work and return at once."""

    def run(self, work: Work[T]) -> T:
        """Do the work now, in this thread, and give its result."""


class ThreadRunner:
    """Threads without an orchestrator: for commands, tests and benchmarks."""

    def __init__(self, workers: int = WORKERS) -> None:
        self._pool = ThreadPoolExecutor(workers)

    def submit(self, work: Work[T]) -> Future[T]:
        """Start the work in a thread."""
        return self._pool.submit(work.call)

    def run(self, work: Work[T]) -> T:
        """Do the work now."""
        return work.call()
