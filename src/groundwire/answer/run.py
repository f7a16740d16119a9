"""The run of the turns: one at a time in a conversation, any number beside each other.

An answer belongs to the server: nothing here knows whether anybody is looking.
"""

import asyncio
import logging
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from hashlib import sha256

from groundwire.answer.compose import Compose
from groundwire.answer.write import AnswerWriter
from groundwire.conversation import decide
from groundwire.conversation.fold import Fold
from groundwire.conversation.follow import BATCH
from groundwire.model.errors import (
    Fenced,
    GroundwireError,
    Interrupted,
    ModelUnavailable,
    UpstreamTimeout,
)
from groundwire.model.events import Done, FinishReason, TurnFailed, TurnStarted, Usage
from groundwire.model.ids import LogId, TurnId
from groundwire.model.standing import Active
from groundwire.ports.chat_model import ChatModel, ChatRequest, Delta, Finish
from groundwire.ports.event_log import EventLog

logger = logging.getLogger(__name__)

PENDING = 64
"""How far a model may be ahead of the log, in deltas."""

CLOSING_S = 5.0
"""How long a cancelled model is waited for, after its turn is done."""


@dataclass(slots=True)
class _Turn:
    active: Active
    task: "asyncio.Task[None]"
    reason: FinishReason | None = None


@dataclass(slots=True)
class _Timing:
    """Milliseconds since the start of the turn."""

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


@dataclass(slots=True)
class Answers:
    """Runs what waits in the log. ``turn_limit_s`` bounds a turn as a whole."""

    log: EventLog
    compose: Compose
    turn_limit_s: float = 900.0
    _running: dict[LogId, _Turn] = field(default_factory=dict[LogId, _Turn])
    _tasks: "dict[LogId, asyncio.Task[None]]" = field(
        default_factory=dict[LogId, "asyncio.Task[None]"]
    )
    _closing: "set[asyncio.Task[None]]" = field(default_factory=set["asyncio.Task[None]"])

    async def resume(self) -> None:
        """End the turns that an earlier process left, and go on with those that wait."""
        for log in await self.log.list_busy():
            await _interrupt(self.log, log)
            self.wake(log)

    def wake(self, log: LogId) -> None:
        """See to it that the conversation's waiting turns run."""
        if log not in self._tasks:
            task = asyncio.create_task(self._run(log), name=f"answers {log}")
            self._tasks[log] = task
            task.add_done_callback(lambda _: self._tasks.pop(log, None))

    def running(self, log: LogId) -> TurnId | None:
        turn = self._running.get(log)
        return turn.active.asked.turn if turn else None

    async def cancel(self, log: LogId, turn: TurnId | None) -> TurnId | None:
        """End ``turn``, or the active one; return the turn that ends, if one did."""
        running = self._running.get(log)
        if running is not None and turn in (None, running.active.asked.turn):
            if running.reason is None:
                running.reason = "cancelled"
                running.task.cancel()
            return running.active.asked.turn
        if turn is None:
            return None
        waited = await self.log.decide(log, lambda desk: decide.withdraw(desk, turn, "cancelled"))
        return turn if waited else None

    async def close(self) -> None:
        """Stop: the running turns end as interrupted, their text is kept."""
        tasks = [*self._tasks.values(), *self._closing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, log: LogId) -> None:
        try:
            while (active := await self.log.decide(log, decide.start)) is not None:
                task = asyncio.create_task(self._turn(log, active), name=f"turn {log}")
                self._running[log] = _Turn(active, task)
                try:
                    await asyncio.wait([task])
                finally:
                    if not task.done():
                        self._running[log].reason = "interrupted"
                        task.cancel()
                        await asyncio.wait([task])
                    self._running.pop(log, None)
        except GroundwireError as error:
            logger.info("the turns of %s stopped: %s", log, error.code)

    async def _turn(self, log: LogId, active: Active) -> None:
        loop = asyncio.get_running_loop()
        writer = AnswerWriter(self.log, log, active)
        timing = _Timing(loop.time())
        reason: FinishReason = "error"
        failure: GroundwireError | None = None
        try:
            async with asyncio.timeout(self.turn_limit_s):
                reason = await self._answer(log, active, writer, timing)
        except asyncio.CancelledError:
            # Only `cancel` and `_run` cancel this task, and both wait for its `done`.
            reason = self._running[log].reason or "interrupted"
            failure = Interrupted() if reason == "interrupted" else None
        except Fenced:
            return
        except GroundwireError as error:
            failure = error
        except TimeoutError:
            failure = UpstreamTimeout("The answer took longer than is allowed. Ask for less.")
        except Exception:
            logger.exception("a turn of %s failed", log)
            failure = GroundwireError("Something went wrong here. It was noted; try again.")
        with suppress(Fenced):
            await writer.finish(reason, timing.usage(loop.time()), failure)

    async def _answer(
        self, log: LogId, active: Active, writer: AnswerWriter, timing: _Timing
    ) -> FinishReason:
        fold = Fold()
        while batch := await self.log.read(log, after=fold.seq, limit=BATCH):
            fold.add(batch)
        composed = await self.compose.compose(log, active, fold, writer)
        if isinstance(composed, str):
            await writer.write([Delta(content=composed)])
            return "stop"
        model, request = composed
        return await self._generate(model, request, writer, timing)

    async def _generate(
        self, model: ChatModel, request: ChatRequest, writer: AnswerWriter, timing: _Timing
    ) -> FinishReason:
        loop = asyncio.get_running_loop()
        pending: asyncio.Queue[Delta | Finish | BaseException] = asyncio.Queue(PENDING)
        pump = asyncio.create_task(_pump(model, request, pending), name="model")
        self._closing.add(pump)
        pump.add_done_callback(self._closing.discard)
        try:
            while True:
                items = [await pending.get()]
                timing.mark_first(loop.time())
                while not pending.empty():
                    items.append(pending.get_nowait())
                await writer.write([item for item in items if isinstance(item, Delta)])
                match items[-1]:
                    case Finish() as finish:
                        timing.finish = finish
                        await writer.end()
                        return finish.reason
                    case BaseException() as error:
                        raise error
                    case _:
                        pass
        finally:
            # The request to the model is dropped now; how long that takes does not hold
            # back `done`.
            pump.cancel()


async def _pump(
    model: ChatModel, request: ChatRequest, pending: "asyncio.Queue[Delta | Finish | BaseException]"
) -> None:
    stream = model.stream(request)
    item: Delta | Finish | None = None
    try:
        async with aclosing(stream):
            async for item in stream:
                await pending.put(item)
        if not isinstance(item, Finish):
            await pending.put(ModelUnavailable("The model ended its answer without saying so."))
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 (it is raised where the turn is)
        await pending.put(error)


async def _interrupt(log: EventLog, id: LogId) -> None:
    """End the turn that was active when its process died."""
    fold = Fold()
    while batch := await log.read(id, after=fold.seq, limit=BATCH):
        fold.add(batch)

    def end(desk: decide.Desk) -> None:
        active = desk.standing.active
        if active is None:
            return
        answer = fold.messages.get(active.asked.answer)
        text = answer.content if answer else ""
        error = Interrupted()
        failed = TurnFailed(
            turn_id=active.asked.turn,
            code=error.code,
            message=error.message,
            retryable=error.retryable,
        )
        done = Done(
            turn_id=active.asked.turn,
            message_id=active.asked.answer,
            finish_reason="interrupted",
            content_hash=sha256(text.encode()).hexdigest(),
        )
        if answer is None:
            # Nothing was said yet, not even that the turn began.
            desk.append(
                TurnStarted(
                    turn_id=active.asked.turn,
                    message_id=active.asked.answer,
                    parent_id=active.asked.question,
                    model=active.asked.model or "auto",
                    fork_of=active.asked.fork_of,
                )
            )
        decide.finish(desk, active, done, failed)

    await log.decide(id, end)
