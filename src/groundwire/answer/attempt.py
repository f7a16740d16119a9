"""One attempt at an answer: what an earlier one left, the prompt, the model and its tools."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import groupby

import msgspec

from groundwire.answer import prompt
from groundwire.answer.compose import Compose
from groundwire.answer.toolbox import Toolbox, Using, begun_call
from groundwire.answer.write import AnswerWriter
from groundwire.conversation.follow import fold_all
from groundwire.conversation.state import Message as Said
from groundwire.conversation.state import ToolUse
from groundwire.model.errors import Interrupted, ModelUnavailable, UpstreamTimeout
from groundwire.model.events import FinishReason, ToolCalled, ToolFailed, Usage
from groundwire.model.ids import LogId
from groundwire.model.standing import Active
from groundwire.ports.chat_model import Call, ChatModel, ChatRequest, Delta, Finish, Message
from groundwire.ports.event_log import Desk, EventLog

logger = logging.getLogger(__name__)

PENDING = 64
"""How far a model may be ahead of the log, in deltas."""

ATTEMPTS = 3
"""An answer that ended so many servers is not tried again: it may be what ended them."""

ROUNDS = 8
"""How often a model may have tools used in one answer."""

DENIED = "This was not allowed. Go on without it."
OPEN = frozenset({"called", "waiting", "approved"})


@dataclass(slots=True)
class Timing:
    """Milliseconds since the start of the attempt."""

    start: float
    first_token_ms: int | None = None
    finish: Finish | None = None

    def mark_first(self, now: float) -> None:
        if self.first_token_ms is None:
            self.first_token_ms = int((now - self.start) * 1000)

    def usage(self, now: float) -> Usage:
        return Usage(
            prompt_tokens=self.finish.prompt_tokens if self.finish else None,
            completion_tokens=self.finish.completion_tokens if self.finish else None,
            first_token_ms=self.first_token_ms,
            total_ms=int((now - self.start) * 1000),
        )


@dataclass(frozen=True, slots=True)
class Maker:
    """What every attempt is made with. ``limit_s`` bounds what is waited for of a model."""

    log: EventLog
    compose: Compose
    toolbox: Toolbox
    limit_s: float = 900.0


@dataclass(slots=True)
class Attempt:
    """``using.steered`` is set, instead of ending the attempt, while it ``uses_tools``."""

    maker: Maker
    using: Using
    timing: Timing
    pumps: "set[asyncio.Task[None]]"
    uses_tools: bool = False

    @property
    def log(self) -> LogId:
        return self.using.log

    @property
    def active(self) -> Active:
        return self.using.active

    @property
    def writer(self) -> AnswerWriter:
        return self.using.writer

    async def run(self) -> FinishReason:
        """Answer; returns why the answer ends. Raises what it fails with."""
        async with _in_time(self.maker.limit_s):
            fold = await fold_all(self.maker.log, self.log)
            begun = fold.messages.get(self.active.asked.answer)
            if (running := fold.turns.get(self.active.asked.turn)) is not None:
                self.using.begun = begun_call(running)
            if begun is not None and await self._take_up(begun):
                return "steered"
            composed = await self.maker.compose.compose(self.log, self.active, fold, self.writer)
        if isinstance(composed, str):
            await self.writer.write([Delta(content=composed)])
            return "stop"
        return await self._converse(begun, *composed)

    async def _take_up(self, begun: Said) -> bool:
        """Go on from where the last tool was used, or anew; ``True`` if it was corrected."""
        if self.active.attempt > ATTEMPTS:
            self.writer.keep(begun)
            raise Interrupted
        if await self.maker.log.decide(self.log, _has_steers, sync=False):
            self.writer.keep(begun)
            return True
        await self.writer.withdraw(begun, *(_place(begun.tools[-1]) if begun.tools else (0, 0)))
        return False

    async def _converse(
        self, answer: Said | None, model: ChatModel, request: ChatRequest
    ) -> FinishReason:
        """Let the model speak and have its tools used, by turns; ``answer`` is what there is."""
        messages = request.messages
        budget = (model.info.window_tokens, model.count_tokens)
        while True:
            if answer is not None and any(use.status in OPEN for use in answer.tools):
                await self._use_tools(answer.tools)
                if self.using.steered:
                    return "steered"
                answer = await self._answer()
            rounds = _rounds(answer)
            if len(rounds) >= ROUNDS:
                request = msgspec.structs.replace(request, tools=())
            if answer is not None and rounds:
                told = prompt.with_tools(
                    messages, _exchanges(answer, rounds), budget, request.tools
                )
                request = msgspec.structs.replace(request, messages=told)
            async with _in_time(self.maker.limit_s):
                before = answer.content if answer is not None and rounds else ""
                finish = await self._generate(model, request, before)
            if not finish.calls or len(rounds) >= ROUNDS:
                return "stop" if finish.reason == "tool" else finish.reason
            await self._call(finish.calls, step=len(rounds) + 1)
            answer = await self._answer()

    async def _answer(self) -> Said:
        """Return the answer as far as it has come."""
        fold = await fold_all(self.maker.log, self.log)
        return fold.messages[self.active.asked.answer]

    async def _call(self, calls: Sequence[Call], *, step: int) -> None:
        """Say which tools the model wants used."""
        asked = self.active.asked
        length, reasoned = self.writer.lengths
        events: list[ToolCalled | ToolFailed] = []
        for call in calls:
            # A model's own names for its calls may come again in its next answer.
            id = self.maker.toolbox.new_id("tc")
            called = ToolCalled(
                turn_id=asked.turn,
                tool_call_id=id,
                message_id=asked.answer,
                name=call.name,
                input=call.input,
                offset=length,
                reasoning_offset=reasoned,
                step=step,
            )
            events.append(called)
            if call.problem is not None:
                failed = ToolFailed(
                    turn_id=asked.turn, tool_call_id=id, code="tool_failed", message=call.problem
                )
                events.append(failed)
        await self.writer.append(*events)

    async def _use_tools(self, uses: Sequence[ToolUse]) -> None:
        """Have the tools used one after another; a correction waits for the one that runs."""
        self.uses_tools = True
        try:
            for use in uses:
                if use.status in OPEN and not self.using.steered:
                    await self.maker.toolbox.settle(self.using, use)
        finally:
            self.uses_tools = False

    async def _generate(self, model: ChatModel, request: ChatRequest, before: str) -> Finish:
        """Write what the model says, in a paragraph of its own after what stands ``before``."""
        loop = asyncio.get_running_loop()
        pending: asyncio.Queue[Delta | Finish | Exception] = asyncio.Queue(PENDING)
        pump = asyncio.create_task(_pump(model, request, pending), name="model")
        self.pumps.add(pump)
        pump.add_done_callback(self.pumps.discard)
        try:
            while True:
                items = [await pending.get()]
                while not pending.empty():
                    items.append(pending.get_nowait())
                if deltas := [item for item in items if isinstance(item, Delta)]:
                    self.timing.mark_first(loop.time())
                    if before and not all(delta.reasoning for delta in deltas):
                        deltas.insert(0, Delta(content=_gap(before)))
                        before = ""
                    await self.writer.write(deltas)
                match items[-1]:
                    case Finish() as finish:
                        self.timing.finish = finish
                        await self.writer.end()
                        return finish
                    case Exception() as error:
                        await self.writer.end()
                        raise error
                    case _:
                        pass
        finally:
            # The request to the model is dropped now; how long that takes does not hold
            # back `done`.
            pump.cancel()


@asynccontextmanager
async def _in_time(seconds: float) -> AsyncGenerator[None]:
    """Bound what is waited for. Raises ``UpstreamTimeout``."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        too_long = "The answer took longer than is allowed. Ask for less."
        raise UpstreamTimeout(too_long) from error


def _has_steers(desk: Desk) -> bool:
    return bool(desk.standing.steers)


def _gap(before: str) -> str:
    return "\n" * (2 - len(before[-2:]) + len(before[-2:].rstrip("\n")))


def _step(use: ToolUse) -> int:
    return use.step


def _place(use: ToolUse) -> tuple[int, int]:
    return use.offset, use.reasoning_offset


def _rounds(answer: Said | None) -> list[list[ToolUse]]:
    """Return the calls of an answer, those together that the model wished for at once."""
    return [list(uses) for _, uses in groupby(answer.tools, key=_step)] if answer else []


def _exchanges(answer: Said, rounds: Sequence[Sequence[ToolUse]]) -> list[list[Message]]:
    """Return what the model said before each round, its calls and what came of them."""
    exchanges: list[list[Message]] = []
    at = 0
    for uses in rounds:
        exchanges.append(_exchange(answer.content[at : uses[0].offset].strip(), uses))
        at = uses[0].offset
    return exchanges


def _exchange(said: str, uses: Sequence[ToolUse]) -> list[Message]:
    calls = tuple(Call(id=use.tool_call_id, name=use.name, input=use.input) for use in uses)
    results = [
        Message(role="tool", content=use.output or use.reason or DENIED, call=use.tool_call_id)
        for use in uses
    ]
    return [Message(role="assistant", content=said, calls=calls), *results]


async def _pump(
    model: ChatModel, request: ChatRequest, pending: "asyncio.Queue[Delta | Finish | Exception]"
) -> None:
    item: Delta | Finish | None = None
    try:
        async with aclosing(model.stream(request)) as stream:
            async for item in stream:
                await pending.put(item)
        if not isinstance(item, Finish):
            await pending.put(ModelUnavailable("The model ended its answer without saying so."))
    except Exception as error:  # noqa: BLE001 (it is raised where the turn is)
        if isinstance(item, Finish):
            logger.info("a model failed after its answer: %s", error)
        else:
            await pending.put(error)
