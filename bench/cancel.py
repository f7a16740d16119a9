"""How soon an answer ends when another device cancels it: ``python -m bench.cancel``.

Two sockets follow one conversation of a real server, whose model is reached over HTTP and says a
word each 20 ms. The second cancels. What is told, in milliseconds from its frame: when ``done``
reaches each of them, and when the model has lost its request; and how many tokens came later.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection

from bench import saved
from bench.first_token import serve_ours, where
from groundwire.adapters.models.scripted_server import Reply, ScriptedServer

RESULT = Path(__file__).parent / "results" / "cancel.json"
LONG = Reply(deltas=("word ",) * 3000, pace_s=0.02)
TOKENS_BEFORE = 5


class Cut(msgspec.Struct):
    """Milliseconds from the command; ``late`` counts tokens that came behind ``done``."""

    own: float
    other: float
    model: float
    late: int


async def until_tokens(socket: ClientConnection, count: int) -> None:
    while count:
        count -= (await _receive(socket))["type"] == "token"


async def until_done(socket: ClientConnection) -> float:
    """Return when the answer was done, by `time.monotonic`."""
    while True:
        received = await _receive(socket)
        if received["type"] == "done":
            assert received["finishReason"] == "cancelled", received
            return time.monotonic()


async def count_late(socket: ClientConnection) -> int:
    late = 0
    try:
        async with asyncio.timeout(0.1):
            while True:
                late += (await _receive(socket))["type"] == "token"
    except TimeoutError:
        return late


async def _receive(socket: ClientConnection) -> dict[str, Any]:
    return msgspec.json.decode(await socket.recv())


async def cancel_once(
    model: ScriptedServer, first: ClientConnection, second: ClientConnection, session: str
) -> Cut:
    model.enqueue(LONG)
    await _send(first, type="chat_message", content="hi", sessionId=session, model=model.models[0])
    await until_tokens(first, 1)
    await _send(second, type="attach", sessionId=session)
    await asyncio.gather(until_tokens(first, TOKENS_BEFORE), until_tokens(second, TOKENS_BEFORE))
    began = time.monotonic()
    await _send(second, type="cancel", sessionId=session)
    other, own = await asyncio.gather(until_done(first), until_done(second))
    await model.until(lambda: model.asked[-1].cut_at is not None)
    cut = model.asked[-1].cut_at
    assert cut is not None
    late = sum(await asyncio.gather(count_late(first), count_late(second)))
    own, other, lost = (round(1000 * (at - began), 2) for at in (own, other, cut))
    return Cut(own, other, lost, late)


async def _send(socket: ClientConnection, **frame: str) -> None:
    await socket.send(json.dumps(frame))


async def measure(times: int) -> dict[str, object]:
    async with (
        ScriptedServer(models=("words",)) as model,
        serve_ours(model.openai_url) as open,
        open() as first,
        open() as second,
    ):
        cuts = [await cancel_once(model, first, second, f"cut-{n}") for n in range(times)]
    return {
        "cancelled": times,
        "doneMs": _spread([cut.own for cut in cuts]),
        "doneOnTheOtherMs": _spread([cut.other for cut in cuts]),
        "modelLostMs": _spread([cut.model for cut in cuts]),
        "lateTokens": sum(cut.late for cut in cuts),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"p50": round(median(values), 2), "max": max(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--save", action="store_true", help=f"keep it in {RESULT.name}")
    options = parser.parse_args()
    before = where()
    result = {**asyncio.run(measure(options.times)), **before}
    print(json.dumps(result, indent=2))
    if options.save:
        saved.write(RESULT, result)


if __name__ == "__main__":
    main()
