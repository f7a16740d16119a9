"""What a conversation allows, on the desk of the log in memory."""

from dataclasses import replace

import msgspec
import pytest

from groundwire.conversation import decide
from groundwire.model.errors import Busy, Fenced, IdempotencyConflict, QueueFull
from groundwire.model.events import TurnFailed
from groundwire.model.filters import Filter
from groundwire.model.ids import CollectionId, DocumentId, MessageId, TurnId
from tests.unit.conversation.table import Table, done

RETRY = decide.Retry(
    turn=TurnId("t9"),
    question=MessageId("q1"),
    answer=MessageId("a9"),
    fork_of=MessageId("a1"),
    author="alice",
    client_message_id="again",
)


async def test_questions_are_answered_one_after_the_other_in_the_order_they_came() -> None:
    table = Table()
    assert await table.run(decide.start) is None
    await table.ask(1)
    await table.ask(2)

    first = await table.start()
    assert await table.run(decide.start) is None
    await table.run(lambda desk: decide.finish(desk, first, done(first)))
    second = await table.start()

    assert (first.asked.turn, second.asked.turn) == ("t1", "t2")
    assert second.fence > first.fence
    assert await table.said() == [
        "t1 message.created",
        "t2 message.created",
        "t2 status",
        "t1 done",
    ]


async def test_a_question_follows_the_answer_that_is_not_written_yet() -> None:
    table = Table()
    await table.ask(1)
    await table.ask(2)

    messages = (await table.fold()).messages

    assert [message.parent_id for message in messages.values()] == [None, "a1"]


async def test_a_question_that_comes_again_is_the_same_turn() -> None:
    table = Table()
    first = await table.ask(1, "Why?", client_message_id="k")

    again = await table.ask(2, "Why?", client_message_id="k")

    assert again == replace(first, duplicate=True)
    assert await table.said() == ["t1 message.created"]


async def test_another_text_under_the_same_id_is_a_conflict() -> None:
    table = Table()
    await table.ask(1, "Why?", client_message_id="k")

    with pytest.raises(IdempotencyConflict):
        await table.ask(2, "How?", client_message_id="k")
    with pytest.raises(IdempotencyConflict):
        await table.ask(3, "Why?", client_message_id="k", model="another")

    assert (await table.ask(4, "How?", client_message_id="k", author="bob")).turn == "t4"


async def test_other_documents_under_the_same_id_are_a_conflict_and_none_is_as_before() -> None:
    table = Table()
    plain = await table.ask(1, "Which?", client_message_id="k")
    await table.ask(2, "Which?", client_message_id="d", attachments=(DocumentId("d1"),))

    assert (await table.ask(3, "Which?", client_message_id="k")).turn == plain.turn
    for other in ((), (DocumentId("d2"),)):
        with pytest.raises(IdempotencyConflict):
            await table.ask(3, "Which?", client_message_id="d", attachments=other)


async def test_another_filter_under_the_same_id_is_a_conflict_and_none_is_as_before() -> None:
    table = Table()
    plain = await table.ask(1, "Which?", client_message_id="k")
    await table.ask(2, "Which?", client_message_id="f", filter=Filter(tags=("a",)))

    assert (await table.ask(3, "Which?", client_message_id="k")).turn == plain.turn
    for other in (None, Filter(tags=("b",)), Filter(collections=(CollectionId("a"),))):
        with pytest.raises(IdempotencyConflict):
            await table.ask(3, "Which?", client_message_id="f", filter=other)


async def test_the_filter_is_kept_with_the_question_and_for_its_turn() -> None:
    table = Table()
    filter = Filter(tags=("a",))
    await table.ask(1, filter=filter)

    assert (await table.start()).asked.filter == filter
    assert (await table.fold()).messages[MessageId("q1")].filter == filter


async def test_another_try_has_the_filter_of_the_question() -> None:
    table = Table()
    filter = Filter(types=("pdf",))
    await table.ask(1)
    active = await table.start()
    await table.run(lambda desk: decide.finish(desk, active, done(active)))

    await table.run(lambda desk: decide.regenerate(desk, replace(RETRY, filter=filter)))

    assert (await table.start()).asked.filter == filter


async def test_a_turn_is_found_by_the_id_its_author_gave_it() -> None:
    table = Table()
    await table.ask(1, client_message_id="k")

    assert await table.run(lambda desk: decide.find_turn(desk, "alice", "k")) == "t1"
    assert await table.run(lambda desk: decide.find_turn(desk, "bob", "k")) is None


async def test_who_will_not_wait_is_told_that_an_answer_is_running() -> None:
    table = Table()
    await table.ask(1, on_busy="reject")

    with pytest.raises(Busy):
        await table.ask(2, on_busy="reject")


async def test_no_more_questions_wait_than_there_is_room_for() -> None:
    table = Table()
    await table.ask(1, queue_limit=1)

    with pytest.raises(QueueFull):
        await table.ask(2, queue_limit=1)
    with pytest.raises(QueueFull):
        await table.run(lambda desk: decide.regenerate(desk, replace(RETRY, queue_limit=1)))

    assert await table.said() == ["t1 message.created"]


async def test_another_try_of_an_answer_waits_its_turn_and_is_the_same_if_it_comes_again() -> None:
    table = Table()
    await table.ask(1)

    first = await table.run(lambda desk: decide.regenerate(desk, RETRY))
    again = await table.run(lambda desk: decide.regenerate(desk, RETRY))
    await table.ask(2)

    assert again == replace(first, duplicate=True)
    assert await table.said() == [
        "t1 message.created", "t9 status", "t2 message.created", "t2 status",
    ]  # fmt: skip
    assert (await table.fold()).messages[MessageId("q2")].parent_id == "a9"


async def test_only_the_turn_that_is_active_can_be_finished_and_only_once() -> None:
    table = Table()
    await table.ask(1)
    active = await table.start()
    stale = msgspec.structs.replace(active, fence=active.fence - 1)

    with pytest.raises(Fenced):
        await table.run(lambda desk: decide.finish(desk, stale, done(stale)))
    await table.run(lambda desk: decide.finish(desk, active, done(active)))
    with pytest.raises(Fenced):
        await table.run(lambda desk: decide.finish(desk, active, done(active)))

    assert await table.said() == ["t1 message.created", "t1 done"]


async def test_a_turn_that_fails_before_it_began_has_an_answer_and_says_why() -> None:
    table = Table()
    await table.ask(1)
    active = await table.start()
    failed = TurnFailed(
        turn_id=active.asked.turn, code="interrupted", message="Ask again.", retryable=True
    )

    await table.run(
        lambda desk: decide.finish(desk, active, done(active), failed=failed, has_begun=False)
    )

    assert await table.said() == [
        "t1 message.created", "t1 turn.started", "t1 error", "t1 done",
    ]  # fmt: skip


async def test_a_turn_that_waits_is_withdrawn_and_the_others_go_on() -> None:
    table = Table()
    for n in (1, 2, 3):
        await table.ask(n)

    ended = await table.run(lambda desk: decide.withdraw(desk, TurnId("t2"), "cancelled"))
    again = await table.run(lambda desk: decide.withdraw(desk, TurnId("t2"), "cancelled"))

    assert (ended, again) == ("t2", None)
    assert (await table.said())[-2:] == ["t2 turn.started", "t2 done"]
    assert (await table.start()).asked.turn == "t1"


async def test_without_a_name_the_next_turn_is_withdrawn_unless_one_is_active() -> None:
    table = Table()
    for n in (1, 2, 3):
        await table.ask(n)

    assert await table.run(lambda desk: decide.withdraw(desk, None, "cancelled")) == "t1"
    await table.start()
    assert await table.run(lambda desk: decide.withdraw(desk, None, "cancelled")) is None
