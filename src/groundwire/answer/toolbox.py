"""The tools that a model may have used: offered, allowed by a person where they must be, used."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from groundwire.answer.clean import clean
from groundwire.answer.sentences import say
from groundwire.answer.write import AnswerWriter
from groundwire.conversation.approve import end_approval, require_approval
from groundwire.conversation.follow import follow
from groundwire.conversation.state import Running, ToolUse
from groundwire.model.errors import GroundwireError, InvalidField, ToolUnusable
from groundwire.model.events import (
    ApprovalRequired,
    Progress,
    SteerAccepted,
    ToolApproved,
    ToolDenied,
    ToolFailed,
    ToolResult,
    decode_conversation_event,
)
from groundwire.model.ids import LogId, NewId, Now
from groundwire.model.standing import Active, Options
from groundwire.ports.chat_model import Language, ModelInfo, ToolSpec
from groundwire.ports.event_log import EventLog
from groundwire.ports.tool import Tool

Settled = ToolApproved | ToolDenied

LOST = (
    "The server was lost while the tool ran: it may have been done, or not. "
    "It is not done again. Say so."
)


@dataclass(slots=True)
class Using:
    """The turn for which tools are used.

    ``steered`` says that a correction waits. ``begun`` is the call that was being carried out
    when an earlier server was lost.
    """

    log: LogId
    active: Active
    writer: AnswerWriter
    steered: bool = False
    begun: str | None = None

    @property
    def language(self) -> Language:
        return "zh" if self.active.asked.language == "zh" else "en"


@dataclass(frozen=True, slots=True)
class Toolbox:
    """``approval_s`` is how long a person has, ``use_s`` how long a tool."""

    log: EventLog
    tools: Mapping[str, Tool]
    now: Now
    new_id: NewId
    approval_s: float = 600.0
    use_s: float = 60.0

    def offered(self, info: ModelInfo, options: Options) -> tuple[ToolSpec, ...]:
        """Return what a model is told of: nothing where it cannot call tools."""
        if not info.tools:
            return ()
        names = self.tools if options.tools is None else options.tools
        return tuple(self.tools[name].spec for name in names if name in self.tools)

    def check(self, options: Options) -> None:
        """Raise ``InvalidField`` for a tool that there is not."""
        unknown = [name for name in options.tools or () if name not in self.tools]
        if unknown:
            there = ", ".join(self.tools) or "none"
            raise InvalidField("options.tools", f"No tool `{unknown[0]}` here. There are: {there}.")

    async def settle(self, using: Using, use: ToolUse) -> None:
        """Bring a call that is open to its end, from however far an earlier attempt came."""
        tool = self.tools.get(use.name)
        if tool is None:
            await self._fail(using, use, _no_tool(use.name, self.tools))
            return
        if use.tool_call_id == using.begun and not tool.is_repeatable:
            await self._fail(using, use, ToolUnusable(LOST))
            return
        if tool.needs_approval and use.status != "approved":
            settled = await self._ask(using, use, tool)
            if isinstance(settled, ToolDenied):
                return
            use.input = use.input if settled.input is None else settled.input
        await self._use(using, use, tool)

    async def _ask(self, using: Using, use: ToolUse, tool: Tool) -> Settled:
        """Return what a person says to the call, or what is said for them in the end."""
        after = (await self.log.head(using.log)).seq
        if use.status == "waiting" and use.approval_id is not None and use.expires_at:
            # It was asked by an earlier attempt, and may be decided by now.
            after, id = 0, use.approval_id
            until = datetime.fromisoformat(use.expires_at)
        else:
            id, until = self.new_id("ap"), self.now() + timedelta(seconds=self.approval_s)
            await self._require(using, use, tool, id, until)
        try:
            async with asyncio.timeout((until - self.now()).total_seconds()):
                return await self._decided(using, id, after)
        except TimeoutError:
            reason = say("not_approved", using.language)
            await self.log.decide(
                using.log, partial(end_approval, id=id, code="approval_expired", reason=reason)
            )
        return await self._decided(using, id, after)

    async def _require(
        self, using: Using, use: ToolUse, tool: Tool, id: str, until: datetime
    ) -> None:
        required = ApprovalRequired(
            turn_id=using.active.asked.turn,
            tool_call_id=use.tool_call_id,
            approval_id=id,
            name=use.name,
            input=use.input,
            msg=tool.ask(use.input, using.language),
            expires_at=until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            schema=tool.spec.schema,
        )
        await self.log.decide(
            using.log,
            lambda desk: require_approval(desk, using.active, required, until),
        )

    async def _decided(self, using: Using, id: str, after: int) -> Settled:
        """Read the log until it says what became of the approval."""
        turn = using.active.asked.turn
        async with aclosing(follow(self.log, using.log, after=after)) as batches:
            async for batch in batches:
                for recorded in batch:
                    event = decode_conversation_event(recorded.data)
                    if isinstance(event, Settled) and event.approval_id == id:
                        return event
                    using.steered |= isinstance(event, SteerAccepted) and event.turn_id == turn
                if using.steered:
                    reason = say("steered", using.language)
                    await self.log.decide(
                        using.log, partial(end_approval, id=id, code="conflict", reason=reason)
                    )
        raise AssertionError("a log is followed for ever")

    async def _use(self, using: Using, use: ToolUse, tool: Tool) -> None:
        turn = using.active.asked.turn
        said = say("using", using.language, name=use.name)
        await using.writer.append(
            Progress(turn_id=turn, status="tool", msg=said, detail=_begun(use))
        )
        try:
            async with asyncio.timeout(self.use_s):
                output = clean(await tool.use(use.input))
        except TimeoutError:
            await self._fail(using, use, ToolUnusable("The tool took too long. Go on without it."))
        except GroundwireError as error:
            await self._fail(using, use, error)
        else:
            result = ToolResult(turn_id=turn, tool_call_id=use.tool_call_id, output=output)
            await using.writer.append(result)

    async def _fail(self, using: Using, use: ToolUse, error: GroundwireError) -> None:
        failed = ToolFailed(
            turn_id=using.active.asked.turn,
            tool_call_id=use.tool_call_id,
            code=error.code,
            message=error.message,
        )
        await using.writer.append(failed)


def begun_call(running: Running) -> str | None:
    """Return the id of the call that is being carried out, as far as the log knows."""
    call = running.detail.get("toolCallId") if running.status == "tool" else None
    return call if isinstance(call, str) else None


def _begun(use: ToolUse) -> dict[str, object]:
    return {"name": use.name, "toolCallId": use.tool_call_id}


def _no_tool(name: str, tools: Mapping[str, Tool]) -> ToolUnusable:
    return ToolUnusable(f"There is no tool `{name}`. There are: {', '.join(tools) or 'none'}.")
