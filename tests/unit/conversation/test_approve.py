"""Approvals, on the desk of the log in memory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwire.conversation import decide
from groundwire.conversation.approve import (
    Verdict,
    decide_approval,
    end_approval,
    require_approval,
)
from groundwire.conversation.asked import Accepted
from groundwire.conversation.state import open_approvals
from groundwire.model.errors import ApprovalExpired, Conflict, Fenced, NotFound
from groundwire.model.events import ApprovalRequired, ToolCalled, TurnStarted
from groundwire.model.ids import MessageId, TurnId
from groundwire.model.standing import Active
from groundwire.ports.event_log import Desk
from tests.unit.conversation.table import Table, done

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=10)
ASKED = ApprovalRequired(
    turn_id=TurnId("t1"),
    tool_call_id="k1",
    approval_id="ap1",
    name="fetch_page",
    input={"url": "https://example.org/"},
    msg="Fetch it?",
    expires_at=UNTIL.isoformat(),
)


def call(desk: Desk) -> None:
    desk.append(
        TurnStarted(
            turn_id=TurnId("t1"), message_id=MessageId("a1"), parent_id=MessageId("q1"), model="m"
        )
    )
    desk.append(
        ToolCalled(
            turn_id=TurnId("t1"),
            tool_call_id="k1",
            message_id=MessageId("a1"),
            name="fetch_page",
            input={"url": "https://example.org/"},
        )
    )


async def asked() -> tuple[Table, Active]:
    """Return a conversation in which a call waits for a person."""
    table = Table()
    await table.ask(1)
    active = await table.start()
    await table.run(call)
    await table.run(lambda desk: require_approval(desk, active, ASKED, UNTIL))
    return table, active


async def say(table: Table, now: datetime = NOW, **more: Any) -> Accepted:
    verdict = replace(Verdict(approval="ap1", author="alice", approved=True), **more)
    return await table.run(lambda desk: decide_approval(desk, verdict, now))


async def test_a_call_is_open_until_it_is_allowed() -> None:
    table, _ = await asked()
    assert [
        each.approval_id for each in open_approvals((await table.fold()).messages.values())
    ] == ["ap1"]

    accepted = await say(table, input={"url": "https://example.org/a"})

    assert accepted.turn == "t1"
    (use,) = (await table.fold()).messages[MessageId("a1")].tools
    assert (use.status, use.author) == ("approved", "alice")
    assert use.input == {"url": "https://example.org/a"}
    assert open_approvals((await table.fold()).messages.values()) == []


async def test_a_call_may_be_denied_with_a_reason() -> None:
    table, _ = await asked()
    await say(table, approved=False, reason="Not now.")
    (use,) = (await table.fold()).messages[MessageId("a1")].tools
    assert (use.status, use.reason) == ("denied", "Not now.")


async def test_the_same_decision_again_is_the_same_and_another_one_a_conflict() -> None:
    table, _ = await asked()
    first = await say(table)
    assert await say(table) == Accepted(first.turn, first.seq, duplicate=True)
    with pytest.raises(Conflict):
        await say(table, approved=False)
    with pytest.raises(Conflict):
        await say(table, input={"url": "https://example.org/b"})


async def test_an_approval_that_nobody_asked_for_is_not_found() -> None:
    table, _ = await asked()
    with pytest.raises(NotFound):
        await say(table, approval="ap2")


async def test_nobody_decides_once_the_time_is_over() -> None:
    table, _ = await asked()
    with pytest.raises(ApprovalExpired):
        await say(table, now=UNTIL)

    ended = await table.run(lambda desk: end_approval(desk, "ap1", "approval_expired", "Too late."))

    assert ended is not None
    with pytest.raises(ApprovalExpired):
        await say(table)
    assert await table.run(lambda desk: end_approval(desk, "ap1", "conflict", "?")) is None


async def test_the_end_of_the_turn_ends_what_is_open() -> None:
    table, active = await asked()
    await table.run(lambda desk: decide.finish(desk, active, done(active, "cancelled")))
    assert (await table.said())[-2:] == ["t1 tool.denied", "t1 done"]
    with pytest.raises(Conflict):
        await say(table)


async def test_only_the_writer_of_the_turn_can_ask_for_one() -> None:
    table, active = await asked()
    taken = await table.run(decide.take_over)
    assert taken is not None
    assert (taken.attempt, taken.fence > active.fence) == (2, True)
    with pytest.raises(Fenced):
        await table.run(lambda desk: require_approval(desk, active, ASKED, UNTIL))


async def test_where_nothing_runs_there_is_nothing_to_take_over() -> None:
    table = Table()
    await table.ask(1)
    assert await table.run(decide.take_over) is None
