"""Whether the client of a request that takes its time is still there."""

import asyncio
from collections.abc import Coroutine

from starlette.types import Receive


async def until_hung_up(receive: Receive) -> None:
    """Return once the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def until_one_of(*waits: Coroutine[object, object, object]) -> None:
    """Return once one of them has; the others are cancelled. What that one raises is raised."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
