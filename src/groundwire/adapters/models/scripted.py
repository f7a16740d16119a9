"""A model that says what it was told to say: deterministic, for tests and demonstrations."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from typing import Literal

import msgspec

from groundwire.adapters.models.tokens import estimate_tokens
from groundwire.model.errors import GroundwireError
from groundwire.ports.chat_model import Call, ChatRequest, Delta, Finish, ModelInfo


class Say(msgspec.Struct, frozen=True):
    """One delta."""

    content: str
    reasoning: bool = False


class WaitFor(msgspec.Struct, frozen=True):
    """Go on once ``event`` is set."""

    event: asyncio.Event


class Pause(msgspec.Struct, frozen=True):
    """Go on after ``seconds``: for demonstrations and benchmarks, not for tests."""

    seconds: float


class Fail(msgspec.Struct, frozen=True):
    """Raise ``error``."""

    error: GroundwireError


class Hang(msgspec.Struct, frozen=True):
    """Say nothing more until the generation is ended from outside."""


class Use(msgspec.Struct, frozen=True):
    """Want the tool ``name`` used: the script then ends by waiting for its result.

    Without an ``id`` the model gives one; ``problem`` is what the port says of a call whose
    input could not be read.
    """

    name: str
    input: dict[str, object] = {}
    id: str | None = None
    problem: str | None = None


class End(msgspec.Struct, frozen=True):
    """Finish with ``reason``; ``None`` breaks the port's promise and ends without a finish."""

    reason: Literal["stop", "length"] | None = "stop"


Step = str | Say | WaitFor | Pause | Fail | Hang | Use | End


class ScriptedModel:
    """Answers each request with the next script; without one, echoes the question.

    A plain string in a script is a delta; a script that does not end says ``stop``, or
    ``tool`` if it wants tools used.
    """

    def __init__(
        self, name: str = "scripted", *, window_tokens: int = 8192, pace_s: float = 0.0
    ) -> None:
        self.requests: list[ChatRequest] = []
        self.ended: list[Literal["finished", "failed", "closed"]] = []
        """How each generation ended, in the order of their ends."""
        self._info = ModelInfo(
            name=name,
            provider="scripted",
            window_tokens=window_tokens,
            grounded=True,
            languages=("en", "zh"),
            tools=True,
        )
        self._pace_s = pace_s
        self._scripts: deque[Sequence[Step]] = deque()
        self._changed = asyncio.Event()
        self._called = 0

    @property
    def info(self) -> ModelInfo:
        return self._info

    def enqueue(self, *steps: Step) -> None:
        """Add the script of one answer."""
        self._scripts.append(steps)

    def forget(self) -> None:
        """Drop the scripts that no request has taken."""
        self._scripts.clear()

    def count_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def until_ended(self, count: int) -> None:
        """Return once ``count`` generations have ended, in whatever way."""
        while len(self.ended) < count:
            await self._changed.wait()
            self._changed.clear()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finish]:
        self.requests.append(request)
        end: Literal["finished", "failed", "closed"] = "closed"
        script = self._scripts.popleft() if self._scripts else echo(request)
        calls: list[Call] = []
        said = 0
        try:
            for step in script:
                if isinstance(step, End):
                    if step.reason is None:
                        return
                    end = "finished"
                    yield _finish(step.reason, calls, said)
                    return
                if isinstance(step, Use):
                    calls.append(self._call(step))
                elif (delta := await self._perform(step)) is not None:
                    said += 1
                    yield delta
            end = "finished"
            yield _finish("stop", calls, said)
        except GroundwireError:
            end = "failed"
            raise
        finally:
            self.ended.append(end)
            self._changed.set()

    def _call(self, use: Use) -> Call:
        self._called += 1
        id = use.id or f"call_{self._called}"
        return Call(id=id, name=use.name, input=use.input, problem=use.problem)

    async def _perform(self, step: Step) -> Delta | None:
        match step:
            case str():
                await asyncio.sleep(self._pace_s)
                return Delta(content=step)
            case Say(content, reasoning):
                await asyncio.sleep(self._pace_s)
                return Delta(content=content, reasoning=reasoning)
            case WaitFor(event):
                await event.wait()
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Fail(error):
                raise error
            case _:
                await asyncio.Event().wait()
        return None


def _finish(reason: Literal["stop", "length"], calls: list[Call], said: int) -> Finish:
    made = tuple(calls) if reason == "stop" else ()
    return Finish(
        reason="tool" if made else reason, calls=made, prompt_tokens=1, completion_tokens=said
    )


def echo(request: ChatRequest) -> list[Step]:
    """Return the question word by word, citing the first passage if there is one."""
    words = request.question.split(" ")
    steps: list[Step] = [f"{word} " for word in words[:-1]]
    steps.append(words[-1] or "…")
    if request.passages:
        steps.append(" [1]")
    return steps
