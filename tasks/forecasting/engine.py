"""Where the work of a forecast is done: here, or on the machines of a Dask cluster.

The numbers are the same.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

Job = tuple[Any, ...]
Engine = Callable[[Callable[..., Any], Sequence[Job]], Iterator[Any]]


def here(work: Callable[..., Any], jobs: Sequence[Job]) -> Iterator[Any]:
    """One job after the other, in this process."""
    for job in jobs:
        yield work(*job)


def on_dask(address: str) -> Engine:
    """An engine on the Dask scheduler at an address such as tcp://10.0.0.5:8786; results come in
    the order of the jobs.

    Needs the extra `dask` (support-etl[dask]) here and on the workers. Raises OSError where nothing
    answers.
    """

    def run(work: Callable[..., Any], jobs: Sequence[Job]) -> Iterator[Any]:
        from distributed import Client

        connect: Any = Client
        with connect(address, timeout="10s", set_as_default=False) as client:
            for waiting in [client.submit(work, *job, pure=False) for job in jobs]:
                yield waiting.result()

    return run


def engine(setting: str) -> Engine:
    """The engine that a setting names: empty for here, else `dask:` and an address.

    Raises ValueError for another.
    """
    if not setting:
        return here
    kind, _, address = setting.partition(":")
    if kind != "dask" or "://" not in address:
        raise ValueError(f"{setting!r} is not like dask:tcp://10.0.0.5:8786")
    return on_dask(address)
