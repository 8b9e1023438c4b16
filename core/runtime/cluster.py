"""The same work on a cluster: tasks on the workers of a Dask scheduler (https://distributed.dask.org).

A task that a lost worker had is given to another one, by Dask itself; others are not done again. The workers need this
project on their path and see the same files under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

REQUIREMENTS = "requirements-cluster.txt"
_WAIT = 10  # seconds until a scheduler that does not answer is given up
_AHEAD = 2  # tasks for each thread, so that none waits for the next


def results(function: Callable[[T], R], tasks: Iterable[T], address: str, wait: float = _WAIT) -> Iterator[R]:
    """The results of a module's function for tasks, in the order in which a scheduler's workers finish them.

    Tasks are taken as they are needed. Raises what the function raises; OSError for an address that does not answer
    within `wait` seconds, a scheduler without workers, or one that is lost; ValueError where Dask is not installed.
    """
    check(address, wait)
    from distributed import Client, as_completed
    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    with Client(address, timeout=wait, set_as_default=False) as client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise OSError(f"the Dask scheduler at {address} has no workers")
        queue = as_completed(loop=client.loop)
        try:
            for task in tasks:
                queue.add(client.submit(function, task, pure=False))
                if queue.count() >= _AHEAD * threads:
                    yield next(queue).result()
            for future in queue:
                yield future.result()
        except KilledWorker as error:
            raise OSError(f"workers were lost time and again with the same task ({error})") from None
        except FutureCancelledError:
            raise OSError(f"the Dask scheduler at {address} was lost") from None
        except ModuleNotFoundError as error:
            raise OSError(f"a worker cannot import {error.name}: start it in this project's folder") from None


def check(address: str, wait: float = _WAIT) -> None:
    """Whether a scheduler is there: Dask's client would wait for one that takes its call and says nothing.

    Raises as `results`.
    """
    import asyncio

    try:
        from distributed.core import rpc
    except ImportError:
        raise ValueError(f"a scheduler needs Dask, which is not installed: pip install -r {REQUIREMENTS}") from None

    async def identity() -> dict[str, object]:
        async with rpc(address) as remote:
            answer: dict[str, object] = await remote.identity()
            return answer

    try:
        scheduler = asyncio.run(asyncio.wait_for(identity(), wait))
    except ValueError as error:
        raise ValueError(f"{address!r} is no scheduler's address ({error}); expected tcp://host:port") from None
    except (OSError, TimeoutError):
        raise OSError(f"no Dask scheduler answers at {address} within {wait:g} seconds") from None
    if scheduler.get("type") != "Scheduler":
        raise OSError(f"at {address} answers a Dask {str(scheduler.get('type')).lower()}, expected a scheduler")
