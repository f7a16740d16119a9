"""The server is lost while a tool is being used: what may have been done is not done again."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from groundwire.adapters.models.scripted import Use
from groundwire.ports.chat_model import Language, ToolSpec
from tests.support.server import serve
from tests.support.socket import Frame, eventually


@dataclass(slots=True)
class Stamp:
    """Stamps a letter, in no time unless it is ``slow``."""

    is_repeatable: bool
    slow: bool = False
    needs_approval: bool = False
    stamped: list[str] = field(default_factory=list[str])

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec(name="stamp", description="Stamps a letter.", schema={"type": "object"})

    def ask(self, input: Mapping[str, object], language: Language) -> str:
        return "Stamp it?"

    async def use(self, input: Mapping[str, object]) -> str:
        self.stamped.append(str(input.get("letter")))
        if self.slow:
            await asyncio.Event().wait()
        return "stamped"


async def lose(data: Path, *steps: Use, is_repeatable: bool) -> Stamp:
    """Serve until a tool is in the middle of its work; return the tool."""
    tool = Stamp(is_repeatable, slow=True)
    async with serve(data, own_tools=[tool]) as served, served.connect() as client:
        served.script(*steps)
        await client.ask("s", "Stamp my letters.")
        await eventually(lambda: bool(tool.stamped))
    return tool


async def go_on(data: Path, tool: Stamp) -> list[Frame]:
    """Serve again and return the events of the answer, from the first to its end."""
    async with (
        serve(data, own_tools=[tool], scripts=[("That is all.",)]) as served,
        served.connect("sessionId=s&cursor=0") as client,
    ):
        return await client.turn((await client.next("message.created"))["turnId"])


def results(events: list[Frame]) -> list[tuple[str, str]]:
    kinds = ("tool.result", "tool.error")
    return [(event["type"], event.get("code", "")) for event in events if event["type"] in kinds]


async def test_a_tool_that_may_have_done_it_is_not_used_again(tmp_path: Path) -> None:
    await lose(tmp_path, Use("stamp", {"letter": "A"}), is_repeatable=False)
    tool = Stamp(is_repeatable=False)

    events = await go_on(tmp_path, tool)

    assert tool.stamped == []
    assert results(events) == [("tool.error", "tool_failed")]
    assert events[-1]["finishReason"] == "stop"


async def test_a_call_that_was_not_begun_is_carried_out(tmp_path: Path) -> None:
    calls = [Use("stamp", {"letter": letter}) for letter in ("A", "B")]
    await lose(tmp_path, *calls, is_repeatable=False)
    tool = Stamp(is_repeatable=False)

    events = await go_on(tmp_path, tool)

    assert tool.stamped == ["B"]
    assert results(events) == [("tool.error", "tool_failed"), ("tool.result", "")]


async def test_a_tool_that_only_reads_is_used_again(tmp_path: Path) -> None:
    await lose(tmp_path, Use("stamp", {"letter": "A"}), is_repeatable=True)
    tool = Stamp(is_repeatable=True)

    events = await go_on(tmp_path, tool)

    assert tool.stamped == ["A"]
    assert results(events) == [("tool.result", "")]
