"""Where the jobs of a forecast run: in this process, or on a Dask cluster.

The numbers are the same.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

Result = TypeVar("Result")
Job = tuple[object, ...]


class Engine(Protocol):
    """Runs `work` on the arguments of each job; results come in the order of the jobs."""

    def __call__(self, work: Callable[..., Result], jobs: Sequence[Job]) -> Iterator[Result]:
        """Yield a result for each job."""


def here(work: Callable[..., Result], jobs: Sequence[Job]) -> Iterator[Result]:
    """Run one job after the other, in this process."""
    for job in jobs:
        yield work(*job)


def on_dask(address: str) -> Engine:
    """An engine on the Dask scheduler at an address such as tcp://10.0.0.5:8786.

    Needs the extra `dask` (support-etl[dask]) here and on the workers. Raises OSError where nothing
    answers.
    """

    def run(work: Callable[..., Result], jobs: Sequence[Job]) -> Iterator[Result]:
        from distributed import Client

        given = {"timeout": "10s", "set_as_default": False}
        client = Client(address, **given)  # type: ignore[no-untyped-call]
        with client:
            for future in [client.submit(work, *job, pure=False) for job in jobs]:
                yield future.result()

    return run


def engine(setting: str) -> Engine:
    """The engine of a setting: empty for this process, else `dask:` and an address.

    Raises ValueError for another.
    """
    if not setting:
        return here
    kind, _, address = setting.partition(":")
    if kind != "dask" or "://" not in address:
        raise ValueError(f"{setting!r} is not like dask:tcp://10.0.0.5:8786")
    return on_dask(address)
