"""How a piece of work is run: as a Prefect task, or plainly in a thread.

The order of the work is the same for both.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Made_co = TypeVar("Made_co", covariant=True)
WORKERS = 6


class Runner(Protocol):
    """Runs named pieces of work, side by side or one after the other."""

    def submit(self, name: str, call: Callable[[], T]) -> "Waiting[T]":
        """Begin the work; `result()` of what comes back waits for it."""

    def run(self, name: str, call: Callable[[], T]) -> T:
        """Do the work now, in this thread."""


class Waiting(Protocol[Made_co]):
    """Work that was begun."""

    def result(self) -> Made_co:
        """Wait for the work and give what it made."""


class ThreadRunner:
    """Threads, no orchestrator: for tests and benchmarks."""

    def __init__(self, workers: int = WORKERS) -> None:
        self._pool = ThreadPoolExecutor(workers)

    def submit(self, name: str, call: Callable[[], T]) -> "Future[T]":
        """Begin in a thread."""
        return self._pool.submit(call)

    def run(self, name: str, call: Callable[[], T]) -> T:
        """Do it now."""
        return call()


class PrefectRunner:
    """Every piece of work is a task run, seen in Prefect's UI under its name.

    To be used inside a flow.
    """

    def submit(self, name: str, call: Callable[[], T]) -> Any:
        """Begin as a task run."""
        return _task(name).submit(_Opaque(call))

    def run(self, name: str, call: Callable[[], T]) -> T:
        """Do it now, as a task run."""
        found: T = _task(name)(_Opaque(call))
        return found


class _Opaque:
    """Hides the work's arguments, secrets among them, from Prefect, which looks through parameters."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call

    def __call__(self) -> Any:
        return self._call()

    def __repr__(self) -> str:
        return "work"


def _task(name: str) -> Any:
    from prefect import task
    from prefect.cache_policies import NO_CACHE

    def work(call: _Opaque) -> Any:
        return call()

    made: Any = task
    return made(
        work,
        name=name.split(" ", maxsplit=1)[0],
        task_run_name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
