"""A model wants a tool used: a person allows it, or not, and the answer goes on."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from groundwire.adapters.models.scripted import Hang, Step, Use
from tests.support.server import Served, serve
from tests.support.site import Site
from tests.support.socket import Frame, Talk, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def opened(data: Path, site: Site, **settings: Any) -> AsyncGenerator[Served]:
    named: dict[str, Any] = {"tools": ("fetch_page",), "fetch_allowed": (site.place,), **settings}
    async with serve(data, **named) as served:
        yield served


def call(site: Site, path: str = "/page") -> Use:
    return Use("fetch_page", {"url": f"{site.url}{path}"})


async def begin(served: Served, client: Talk, *steps: Step) -> tuple[Frame, Frame]:
    """Ask for an answer that says ``steps``; return the ack and what asks for approval."""
    served.script(*steps)
    ack = await client.ask("s", "What is at the lighthouse?")
    return ack, await client.next("tool.approval_required")


async def decide(client: Talk, required: Frame, approved: bool, **more: object) -> Frame:
    await client.say(
        "tool_approval",
        sessionId="s",
        approvalId=required["approvalId"],
        approved=approved,
        id="decide",
        **more,
    )
    return await client.until(lambda frame: frame.get("ref") == "decide")


async def snapshot_of(served: Served) -> Frame:
    async with served.browse() as client:
        return (await client.get("/api/v1/conversations/s")).json()


def text(events: list[Frame]) -> str:
    return "".join(event["content"] for event in events if event["type"] == "token")


def types(events: list[Frame]) -> list[str]:
    return [event["type"] for event in events]


async def test_a_call_that_is_allowed_is_done_and_the_model_reads_it(
    tmp_path: Path, site: Site
) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        ack, required = await begin(served, client, "Let me look.", call(site))
        assert (required["name"], required["input"]) == ("fetch_page", {"url": f"{site.url}/page"})
        assert required["msg"]
        served.script("The lamp is lit at dusk.")

        await decide(client, required, True)
        events = await client.turn(ack["turnId"])

        assert [kind for kind in types(events) if kind.startswith("tool")] == [
            "tool.approved", "tool.result",
        ]  # fmt: skip
        snapshot = await snapshot_of(served)
        answer = snapshot["messages"][-1]
        assert answer["content"] == "Let me look.\n\nThe lamp is lit at dusk."
        assert answer["tools"][0]["status"] == "done"
        said, told = served.model.requests[-1].messages[-2:]
        assert (said.role, said.content) == ("assistant", "Let me look.")
        assert (told.role, "The lamp is lit at dusk." in told.content) == ("tool", True)


async def test_a_call_that_is_denied_is_not_done(tmp_path: Path, site: Site) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        ack, required = await begin(served, client, call(site))
        served.script("Then I do not know.")

        await decide(client, required, False, reason="Not that page.")
        events = await client.turn(ack["turnId"])

        assert site.asked == []
        assert text(events) == "Then I do not know."
        assert served.model.requests[-1].messages[-1].content == "Not that page."


async def test_whoever_decides_may_change_what_the_tool_gets(tmp_path: Path, site: Site) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        ack, required = await begin(served, client, call(site, "/secret"))
        served.script("Done.")
        await decide(client, required, True, editedInput={"url": f"{site.url}/page"})
        await client.turn(ack["turnId"])
        assert site.asked == ["/page"]


async def test_the_second_of_two_decisions_changes_nothing(tmp_path: Path, site: Site) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        _, required = await begin(served, client, call(site))
        served.script("Done.")
        first = await decide(client, required, True)
        again = await decide(client, required, True)
        other = await decide(client, required, False)
        assert (first["type"], again["duplicate"]) == ("ack", True)
        assert other["code"] == "conflict"
        await client.next("done")
        assert site.asked == ["/page"]


async def test_a_call_that_nobody_allows_in_time_is_not_done(tmp_path: Path, site: Site) -> None:
    async with opened(tmp_path, site, approval_timeout=0.2) as served, served.connect() as client:
        ack, required = await begin(served, client, call(site))
        served.script("Nobody said yes.")
        events = await client.turn(ack["turnId"])
        denied = next(event for event in events if event["type"] == "tool.denied")
        assert (denied["code"], "author" in denied) == ("approval_expired", False)
        assert text(events) == "Nobody said yes."
        assert (await decide(client, required, True))["code"] == "approval_expired"
        assert site.asked == []


async def test_an_open_approval_outlives_the_server(tmp_path: Path, site: Site) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        ack, required = await begin(served, client, "Let me look.", call(site))
    async with opened(tmp_path, site) as served, served.connect("sessionId=s") as client:
        (approval,) = (await client.next("snapshot"))["approvals"]
        assert approval["approvalId"] == required["approvalId"]
        served.script("Four ohms.")
        await decide(client, required, True)
        events = await client.turn(ack["turnId"])
        # What stood before the call is kept.
        assert "answer.reset" not in types(events)
        assert text(events) == "\n\nFour ohms."
        assert site.asked == ["/page"]


async def test_a_correction_of_an_earlier_answer_does_not_end_an_open_approval(
    tmp_path: Path, site: Site
) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        served.script("Wrong", Hang())
        await client.ask("s", "Where is it?")
        await client.next("token")
        await client.say("steer", sessionId="s", content="No.")
        await client.turn((await client.next("ack"))["turnId"])
        ack, required = await begin(served, client, call(site))
    async with opened(tmp_path, site) as served, served.connect("sessionId=s") as client:
        await client.next("snapshot")
        served.script("Four ohms.")
        assert (await decide(client, required, True))["type"] == "ack"
        assert (await client.turn(ack["turnId"]))[-1]["finishReason"] == "stop"
        assert site.asked == ["/page"]


async def test_what_was_said_after_a_call_is_withdrawn_with_the_server(
    tmp_path: Path, site: Site
) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        ack, required = await begin(served, client, "Let me look.", call(site))
        served.script("The page", Hang())
        await decide(client, required, True)
        await client.until(lambda frame: frame.get("content") == "The page")
    async with (
        opened(tmp_path, site, scripts=[("It is four.",)]) as served,
        served.connect("sessionId=s&cursor=0") as client,
    ):
        events = await client.turn(ack["turnId"])
        reset = next(event for event in events if event["type"] == "answer.reset")
        assert reset["toOffset"] == len("Let me look.")
        assert types(events).count("tool.call") == 1
        snapshot = await snapshot_of(served)
        assert snapshot["messages"][-1]["content"] == "Let me look.\n\nIt is four."
    assert site.asked == ["/page"]


async def test_a_correction_while_a_call_waits_ends_the_wait(tmp_path: Path, site: Site) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        ack, _ = await begin(served, client, call(site))
        served.script("In other words.")
        await client.say("steer", sessionId="s", content="Never mind the page.")
        events = await client.turn(ack["turnId"])
        assert types(events)[-3:] == ["steer.accepted", "tool.denied", "done"]
        assert events[-1]["finishReason"] == "steered"
        assert (await client.next("done"))["finishReason"] == "stop"
        assert site.asked == []


async def test_a_correction_is_given_back_when_the_answer_is_stopped_first(
    tmp_path: Path, site: Site
) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        served.script(call(site, "/drip"))
        ack = await client.ask("s", "What is at the lighthouse?")
        required = await client.next("tool.approval_required")
        await decide(client, required, True)
        await eventually(lambda: bool(site.asked))
        await client.say("steer", sessionId="s", content="No.", clientMessageId="k")
        await client.say("cancel", sessionId="s")
        events = await client.turn(ack["turnId"])
        assert types(events)[-2:] == ["steer.failed", "done"]
        assert (events[-2]["content"], events[-2]["reason"]) == ("No.", "cancelled")
        # Who comes later, or comes back, finds it with the answer.
        (returned,) = (await snapshot_of(served))["messages"][-1]["returned"]
        assert (returned["content"], returned["reason"]) == ("No.", "cancelled")
        assert returned["clientMessageId"] == "k"


async def test_what_a_model_makes_up_is_told_to_it(tmp_path: Path, site: Site) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        served.script(
            Use("hammer", {}), Use("fetch_page", {}, problem="The arguments are no JSON object.")
        )
        served.script("I see.")
        events = await client.answer("s")
        failed = [event["message"] for event in events if event["type"] == "tool.error"]
        assert any("hammer" in message for message in failed)
        assert "The arguments are no JSON object." in failed
        assert text(events) == "I see."
        assert "tool.approval_required" not in types(events)


async def test_a_model_that_never_stops_calling_is_stopped(tmp_path: Path, site: Site) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        for _ in range(20):
            served.script(Use("hammer", {}))
        events = await client.answer("s")
        assert types(events).count("tool.call") == 8
        assert events[-1]["finishReason"] == "stop"


async def test_a_model_may_be_offered_fewer_tools_by_the_asker(tmp_path: Path, site: Site) -> None:
    async with opened(tmp_path, site) as served, served.connect() as client:
        await client.answer("s")
        await client.answer("s", options={"tools": []})
        offered: list[Mapping[str, object] | Any] = [
            [spec.name for spec in request.tools] for request in served.model.requests
        ]
        assert offered == [["fetch_page"], []]
