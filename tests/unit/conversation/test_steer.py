"""Corrections, on the desk of the log in memory."""

from dataclasses import replace
from typing import Any

import pytest

from groundwire.conversation import decide
from groundwire.conversation.asked import Accepted
from groundwire.conversation.steer import Steering, steer
from groundwire.model.errors import IdempotencyConflict
from groundwire.model.events import FinishReason
from groundwire.model.filters import Filter
from groundwire.model.ids import DocumentId, MessageId, TurnId
from tests.unit.conversation.table import Table, done, ids

STEERING = Steering(
    turn=TurnId(""), message=MessageId(""), answer=MessageId(""), author="alice", content="No."
)


async def correct(table: Table, n: int, **more: Any) -> Accepted | None:
    steering = replace(STEERING, **ids(n), **more)
    return await table.run(lambda desk: steer(desk, steering))


async def test_nothing_that_does_not_run_can_be_corrected() -> None:
    table = Table()
    assert await correct(table, 2) is None
    await table.ask(1)
    assert await correct(table, 2) is None
    await table.start()
    assert await correct(table, 2, steered=TurnId("t9")) is None
    assert await table.said() == ["t1 message.created"]


async def test_an_accepted_correction_is_the_next_turn_and_follows_the_answer() -> None:
    table = Table()
    await table.ask(1)
    active = await table.start()

    accepted = await correct(table, 2, steered=TurnId("t1"), client_message_id="s")
    await table.run(lambda desk: decide.finish(desk, active, done(active, "steered")))

    assert accepted == Accepted(TurnId("t2"), 2, ends=TurnId("t1"))
    assert (await table.said())[-3:] == ["t1 done", "t2 message.created", "t2 steer.applied"]
    fold = await table.fold()
    asked = fold.messages[MessageId("q2")]
    assert (asked.parent_id, asked.steered, asked.content) == ("a1", "t1", "No.")
    assert (await table.start()).asked.turn == "t2"
    # The next question follows the corrected answer.
    await table.ask(3)
    assert (await table.fold()).messages[MessageId("q3")].parent_id == "a2"


async def test_several_corrections_follow_each_other() -> None:
    table = Table()
    await table.ask(1)
    active = await table.start()
    await correct(table, 2)
    await correct(table, 3)

    await table.run(lambda desk: decide.finish(desk, active, done(active, "steered")))

    messages = (await table.fold()).messages
    assert [messages[MessageId(id)].parent_id for id in ("q2", "q3")] == ["a1", "a2"]


async def test_what_waits_comes_after_a_correction_and_keeps_its_place_in_the_tree() -> None:
    table = Table()
    await table.ask(1)
    active = await table.start()
    await table.ask(2)
    await correct(table, 3)
    await table.run(lambda desk: decide.finish(desk, active, done(active, "steered")))

    corrected = await table.start()
    await table.run(lambda desk: decide.finish(desk, corrected, done(corrected)))

    assert (await table.start()).asked.turn == "t2"
    await table.ask(4)
    assert (await table.fold()).messages[MessageId("q4")].parent_id == "a2"


@pytest.mark.parametrize("reason", ["cancelled", "error", "interrupted"])
async def test_the_text_is_given_back_where_it_cannot_be_gone_on_with(reason: FinishReason) -> None:
    table = Table()
    await table.ask(1)
    active = await table.start()
    await correct(table, 2)
    await correct(table, 3)

    assert (await table.fold()).turns[TurnId("t1")].steers[1].message_id == "q3"
    # Also where the answer was not begun: what is given back stands with it all the same.
    end = done(active, reason)
    await table.run(lambda desk: decide.finish(desk, active, end, has_begun=False))

    assert (await table.said())[-3:] == ["t1 steer.failed", "t1 steer.failed", "t1 done"]
    returned = (await table.fold()).messages[MessageId("a1")].returned
    assert [(each.message_id, each.content, each.author, each.reason) for each in returned] == [
        ("q2", "No.", "alice", reason),
        ("q3", "No.", "alice", reason),
    ]
    assert await table.run(decide.start) is None


async def test_the_same_correction_again_is_the_same_turn() -> None:
    table = Table()
    await table.ask(1)
    await table.start()
    first = await correct(table, 2, client_message_id="s")

    again = await correct(table, 3, client_message_id="s")

    assert first is not None
    assert again == Accepted(TurnId("t2"), first.seq, duplicate=True)
    with pytest.raises(IdempotencyConflict):
        await correct(table, 3, client_message_id="s", content="Yes.")


async def test_who_asks_may_wish_to_correct_or_to_end_what_runs() -> None:
    table = Table()
    await table.ask(1)
    await table.start()

    steered = await table.ask(2, on_busy="steer", client_message_id="k")
    ending = await table.ask(3, on_busy="cancel")

    assert (steered.turn, steered.ends) == ("t2", "t1")
    assert ending.ends == "t1"
    # Sent again after an unknown outcome, it is the same correction.
    assert (await table.ask(4, on_busy="steer", client_message_id="k")).turn == "t2"
    assert "t2 message.created" not in await table.said()


async def test_to_correct_or_to_end_where_nothing_runs_is_to_ask() -> None:
    table = Table()
    assert (await table.ask(1, on_busy="steer")).ends is None
    assert (await table.ask(2, on_busy="cancel")).ends is None
    assert await table.said() == ["t1 message.created", "t2 message.created", "t2 status"]


@pytest.mark.parametrize(("given", "kept"), [(None, "a"), ("b", "b")])
async def test_a_correction_is_limited_as_the_answer_is_unless_it_has_a_filter_of_its_own(
    given: str | None, kept: str
) -> None:
    table = Table()
    await table.ask(1, filter=Filter(tags=("a",)))
    active = await table.start()
    await table.ask(2, on_busy="steer", filter=Filter(tags=(given,)) if given else None)

    await table.run(lambda desk: decide.finish(desk, active, done(active, "steered")))

    assert (await table.start()).asked.filter == Filter(tags=(kept,))
    assert (await table.fold()).messages[MessageId("q2")].filter == Filter(tags=(kept,))


@pytest.mark.parametrize(("named", "rests_on"), [((), "d1"), (("d2",), "d2")])
async def test_a_correction_rests_on_what_the_answer_does_unless_it_names_others(
    named: tuple[str, ...], rests_on: str
) -> None:
    table = Table()
    await table.ask(1, attachments=(DocumentId("d1"),))
    active = await table.start()
    await table.ask(2, on_busy="steer", attachments=tuple(map(DocumentId, named)))

    await table.run(lambda desk: decide.finish(desk, active, done(active, "steered")))

    assert (await table.start()).asked.attachments == (rests_on,)
    assert (await table.fold()).messages[MessageId("q2")].attachments == (rests_on,)
