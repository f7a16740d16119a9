"""The run of the turns: one at a time in a conversation, any number beside each other.

An answer belongs to the server: nothing here knows whether anybody is looking.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from groundwire.answer.attempt import Attempt, Maker, Timing
from groundwire.answer.toolbox import Using
from groundwire.answer.write import AnswerWriter
from groundwire.conversation import decide
from groundwire.model.errors import Fenced, GroundwireError, Interrupted, Unavailable
from groundwire.model.events import FinishReason
from groundwire.model.ids import LogId, TurnId
from groundwire.model.standing import Active
from groundwire.ports.event_log import EventLog

logger = logging.getLogger(__name__)

CLOSING_S = 5.0
"""How long the end of the running turns may take when the server stops."""

RETRY_S = 0.5
"""When to try again what the store could not take, because the disk is full, say."""

Outcome = tuple[FinishReason, GroundwireError | None]


@dataclass(slots=True)
class _Turn:
    active: Active
    attempt: Attempt
    task: "asyncio.Task[FinishReason]"
    ended: Outcome | None = None

    def steer(self) -> None:
        """End it for a correction; while a tool runs, once that has come to its end."""
        if self.attempt.uses_tools:
            self.attempt.using.steered = True
        else:
            self.end("steered")

    def end(self, reason: FinishReason, failure: GroundwireError | None = None) -> bool:
        """End it from outside; ``False`` if it has come to its end already."""
        if self.task.done():
            return False
        if self.ended is None:
            self.ended = (reason, failure)
            self.task.cancel()
        return True

    def outcome(self) -> Outcome | None:
        """Say how it ended; ``None`` if it is not over: the server stops, and another one goes on.

        Raises ``Fenced`` if it is no longer ours to end.
        """
        error = None if self.task.cancelled() else self.task.exception()
        if isinstance(error, Fenced):
            raise error
        if self.ended is not None:
            return self.ended
        if self.task.cancelled():
            return None
        if error is None:
            return self.task.result(), None
        if isinstance(error, GroundwireError):
            return "interrupted" if isinstance(error, Interrupted) else "error", error
        logger.error("a turn failed", exc_info=error)
        return "error", GroundwireError("Something went wrong here. It was noted; try again.")


@dataclass(slots=True)
class Answers:
    """Runs what waits in the log."""

    log: EventLog
    maker: Maker
    _taken: dict[LogId, Active] = field(default_factory=dict[LogId, Active])
    _running: dict[LogId, _Turn] = field(default_factory=dict[LogId, _Turn])
    _tasks: "dict[LogId, asyncio.Task[None]]" = field(
        default_factory=dict[LogId, "asyncio.Task[None]"]
    )
    _wanted: set[LogId] = field(default_factory=set[LogId])
    _pumps: "set[asyncio.Task[None]]" = field(default_factory=set["asyncio.Task[None]"])

    async def resume(self) -> None:
        """Go on with the turns that an earlier process left, and with those that wait."""
        for log in await self.log.list_busy():
            taken = await self.log.decide(log, decide.take_over)
            if taken is not None:
                self._taken[log] = taken
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

    def steer(self, log: LogId, turn: TurnId) -> None:
        """End ``turn``, if it runs, for the correction that was accepted."""
        running = self._running.get(log)
        if running is not None and running.active.asked.turn == turn:
            running.steer()

    async def close(self) -> None:
        """Stop. What runs is left as it is in the log: whoever serves it next goes on."""
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
        if taken := self._taken.pop(log, None):
            return taken
        # Undone by a loss of power, the turn would only wait again.
        return await self.log.decide(log, decide.start, sync=False)

    async def _turn(self, log: LogId, active: Active) -> None:
        writer = AnswerWriter(self.log, log, active)
        timing = Timing(asyncio.get_running_loop().time())
        attempt = Attempt(self.maker, Using(log, active, writer), timing, self._pumps)
        task = asyncio.create_task(attempt.run(), name=f"turn {log}")
        turn = self._running[log] = _Turn(active, attempt, task)
        try:
            await asyncio.wait([task])
        finally:
            # The end is written here, by nobody who can be cancelled before it has begun.
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
            try:
                with suppress(Fenced):
                    if (outcome := turn.outcome()) is not None:
                        await _finish(writer, outcome, timing)
            finally:
                self._running.pop(log, None)


async def _finish(writer: AnswerWriter, outcome: Outcome, timing: Timing) -> None:
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
