"""The run of the turns: one at a time in a conversation, any number beside each other.

An answer belongs to the server: nothing here knows whether anybody is looking.
"""

import asyncio
import logging
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from groundwire.answer.compose import Compose
from groundwire.answer.write import AnswerWriter
from groundwire.conversation import decide
from groundwire.conversation.follow import fold_all
from groundwire.model.errors import (
    Fenced,
    GroundwireError,
    Interrupted,
    ModelUnavailable,
    Unavailable,
    UpstreamTimeout,
)
from groundwire.model.events import Done, FinishReason, TurnFailed, Usage
from groundwire.model.ids import LogId, TurnId
from groundwire.model.standing import Active
from groundwire.ports.chat_model import ChatModel, ChatRequest, Delta, Finish
from groundwire.ports.event_log import EventLog

logger = logging.getLogger(__name__)

PENDING = 64
"""How far a model may be ahead of the log, in deltas."""

CLOSING_S = 5.0
"""How long the end of the running turns may take when the server stops."""

RETRY_S = 0.5
"""When to try again what the store could not take, because the disk is full, say."""

Outcome = tuple[FinishReason, GroundwireError | None]


@dataclass(slots=True)
class _Turn:
    active: Active
    task: "asyncio.Task[FinishReason]"
    ended: Outcome | None = None

    def end(self, reason: FinishReason, failure: GroundwireError | None = None) -> bool:
        """End it from outside; ``False`` if it has come to its end already."""
        if self.task.done():
            return False
        if self.ended is None:
            self.ended = (reason, failure)
            self.task.cancel()
        return True

    def outcome(self) -> Outcome:
        """Say how it ended; raises ``Fenced`` if it is no longer ours to end."""
        error = None if self.task.cancelled() else self.task.exception()
        if isinstance(error, Fenced):
            raise error
        if self.ended is not None:
            return self.ended
        if self.task.cancelled():
            return "interrupted", Interrupted()
        if error is None:
            return self.task.result(), None
        if isinstance(error, GroundwireError):
            return "error", error
        logger.error("a turn failed", exc_info=error)
        return "error", GroundwireError("Something went wrong here. It was noted; try again.")


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
    _wanted: set[LogId] = field(default_factory=set[LogId])
    _pumps: "set[asyncio.Task[None]]" = field(default_factory=set["asyncio.Task[None]"])

    async def resume(self) -> None:
        """End the turns that an earlier process left, and go on with those that wait."""
        for log in await self.log.list_busy():
            await _interrupt(self.log, log)
            self.wake(log)

    def wake(self, log: LogId) -> None:
        """See to it that the conversation's waiting turns run."""
        self._wanted.add(log)
        if log not in self._tasks:
            self._tasks[log] = asyncio.create_task(self._run(log), name=f"answers {log}")

    def running(self, log: LogId) -> TurnId | None:
        turn = self._running.get(log)
        return turn.active.asked.turn if turn else None

    async def cancel(self, log: LogId, turn: TurnId | None) -> TurnId | None:
        """End ``turn``, or the one whose turn it is; return which ends, if one does."""
        if ended := self._end(log, turn):
            return ended
        withdraw = partial(decide.withdraw, turn=turn, reason="cancelled")
        # It may have begun while this decision waited for its place.
        return await self.log.decide(log, withdraw) or self._end(log, turn)

    def steer(self, log: LogId) -> None:
        """End the running turn, if there is one, for the correction that was accepted."""
        if turn := self._running.get(log):
            turn.end("steered")

    async def close(self) -> None:
        """Stop: the running turns end as interrupted, their text is kept."""
        tasks = [*self._tasks.values(), *self._pumps]
        for task in tasks:
            task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSING_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, log: LogId, turn: TurnId | None) -> TurnId | None:
        running = self._running.get(log)
        if running is None or turn not in (None, running.active.asked.turn):
            return None
        return running.active.asked.turn if running.end("cancelled") else None

    async def _run(self, log: LogId) -> None:
        try:
            while log in self._wanted:
                self._wanted.discard(log)
                await self._run_waiting(log)
        finally:
            # Nothing is awaited since the look at `_wanted`: who wakes us now starts anew.
            self._tasks.pop(log, None)

    async def _run_waiting(self, log: LogId) -> None:
        try:
            while (active := await self._start(log)) is not None:
                await self._turn(log, active)
        except Unavailable as error:
            logger.warning("the turns of %s wait: %s", log, error.message)
            await asyncio.sleep(RETRY_S)
            self._wanted.add(log)
        except GroundwireError as error:
            logger.info("the turns of %s stopped: %s", log, error.code)
        except Exception:
            logger.exception("the turns of %s stopped", log)

    async def _start(self, log: LogId) -> Active | None:
        # Undone by a loss of power, the turn would only wait again.
        return await self.log.decide(log, decide.start, sync=False)

    async def _turn(self, log: LogId, active: Active) -> None:
        writer = AnswerWriter(self.log, log, active)
        timing = _Timing(asyncio.get_running_loop().time())
        task = asyncio.create_task(self._answer(log, active, writer, timing), name=f"turn {log}")
        turn = self._running[log] = _Turn(active, task)
        try:
            await asyncio.wait([task], timeout=self.turn_limit_s)
            too_long = UpstreamTimeout("The answer took longer than is allowed. Ask for less.")
            turn.end("error", too_long)
        except asyncio.CancelledError:
            turn.end("interrupted", Interrupted())
            raise
        finally:
            # The end is written here, by nobody who can be cancelled before it has begun.
            if not task.done():
                await asyncio.wait([task])
            try:
                with suppress(Fenced):
                    await _finish(writer, turn.outcome(), timing)
            finally:
                self._running.pop(log, None)

    async def _answer(
        self, log: LogId, active: Active, writer: AnswerWriter, timing: _Timing
    ) -> FinishReason:
        fold = await fold_all(self.log, log)
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
        pending: asyncio.Queue[Delta | Finish | Exception] = asyncio.Queue(PENDING)
        pump = asyncio.create_task(_pump(model, request, pending), name="model")
        self._pumps.add(pump)
        pump.add_done_callback(self._pumps.discard)
        try:
            while True:
                items = [await pending.get()]
                while not pending.empty():
                    items.append(pending.get_nowait())
                if deltas := [item for item in items if isinstance(item, Delta)]:
                    timing.mark_first(loop.time())
                    await writer.write(deltas)
                match items[-1]:
                    case Finish() as finish:
                        timing.finish = finish
                        await writer.end()
                        return finish.reason
                    case Exception() as error:
                        await writer.end()
                        raise error
                    case _:
                        pass
        finally:
            # The request to the model is dropped now; how long that takes does not hold
            # back `done`.
            pump.cancel()


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


async def _finish(writer: AnswerWriter, outcome: Outcome, timing: _Timing) -> None:
    """Write ``done``; as long as the store cannot take it, try again."""
    usage = timing.usage(asyncio.get_running_loop().time())
    while True:
        try:
            await writer.finish(outcome[0], usage, outcome[1])
        except Unavailable as error:
            logger.warning("the end of an answer cannot be stored: %s", error.message)
            await asyncio.sleep(RETRY_S)
        else:
            return


async def _interrupt(log: EventLog, id: LogId) -> None:
    """End the turn that was active when its process died."""
    fold = await fold_all(log, id)

    def end(desk: decide.Desk) -> None:
        active = desk.standing.active
        if active is None:
            return
        asked = active.asked
        answer = fold.messages.get(asked.answer)
        error = Interrupted()
        failed = TurnFailed(
            turn_id=asked.turn, code=error.code, message=error.message, retryable=error.retryable
        )
        done = Done(
            turn_id=asked.turn,
            message_id=asked.answer,
            finish_reason="interrupted",
            content_hash=sha256((answer.content if answer else "").encode()).hexdigest(),
        )
        decide.finish(desk, active, done, failed=failed, has_begun=answer is not None)

    await log.decide(id, end)
