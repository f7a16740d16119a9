"""A checkpoint and what came after it are the whole log, wherever it was made."""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from groundwire.conversation import recollect
from groundwire.conversation.fold import Fold
from groundwire.conversation.recollect import FORMAT, Recollection, catch_up
from groundwire.conversation.state import Message
from groundwire.model.errors import NotFound
from groundwire.model.events import AnswerReset, ConversationEvent, Reasoning, Token
from groundwire.model.ids import ConversationId, MessageId, TurnId, conversation_log
from groundwire.ports.event_log import Checkpoint, Desk, EventLog, Kept, Past
from tests.contract.stores import OpenLog, every_log, memory
from tests.unit.conversation.fold_cases import (
    LOGS,
    asked,
    cited,
    done,
    failed,
    found,
    given_back,
    started,
    status,
    steer,
)

LOG = conversation_log(ConversationId("alice"))
LAWS = settings(max_examples=30, deadline=None)


def token(n: int, content: str) -> Token:
    return Token(turn_id=TurnId(f"t{n}"), message_id=MessageId(f"a{n}"), content=content, offset=0)


def thought(n: int, content: str) -> Reasoning:
    return Reasoning(
        turn_id=TurnId(f"t{n}"), message_id=MessageId(f"a{n}"), content=content, offset=0
    )


def reset(n: int, to: int) -> AnswerReset:
    return AnswerReset(turn_id=TurnId(f"t{n}"), message_id=MessageId(f"a{n}"), to_offset=to)


# Any event at any place: the fold is total, and so is what is kept of it.
turns = st.integers(1, 3)
parents = st.sampled_from([None, "a1", "a2", "q1"])
events = st.one_of(
    st.builds(asked, turns, st.just("Why?"), parents),
    st.builds(started, turns),
    st.builds(started, turns, st.just(1), st.just("a1")),
    st.builds(partial(status, status="queued", msg="…"), turns),
    st.builds(found, turns),
    st.builds(token, turns, st.text(max_size=3)),
    st.builds(thought, turns, st.text(max_size=3)),
    st.builds(partial(cited, source=1), turns, st.just(0), st.integers(1, 5)),
    st.builds(steer, turns),
    st.builds(given_back, turns, st.just("cancelled")),
    st.builds(reset, turns, st.integers(0, 4)),
    st.builds(failed, turns),
    st.builds(done, turns, st.just("x")),
    st.sampled_from([event for events in LOGS.values() for event in events]),
)
logs = st.one_of(
    st.lists(events, max_size=30),
    st.lists(st.sampled_from(sorted(LOGS)), min_size=1, max_size=3).map(
        lambda names: [event for name in names for event in LOGS[name]]
    ),
)
cuts = st.lists(st.integers(1, 12), max_size=6)


async def write(log: EventLog, events: Sequence[ConversationEvent]) -> None:
    def say(desk: Desk) -> None:
        for event in events:
            desk.append(event)

    await log.decide(LOG, say)


async def advance(log: EventLog, by: int) -> None:
    """Bring the checkpoint ``by`` events further."""

    def made(past: Past) -> tuple[Checkpoint, list[Kept], int]:
        since = past.checkpoint.seq if past.checkpoint else 0
        return *Recollection(past, limit=by).checkpoint(), since

    checkpoint, messages, since = await log.recall(LOG, made)
    await log.keep(LOG, checkpoint, messages, since=since)


async def folded(log: EventLog) -> Fold:
    fold = Fold()
    fold.add(await log.read(LOG, after=0, limit=10_000))
    return fold


async def recalled(log: EventLog) -> Fold:
    """The fold as it is recalled: from the checkpoint, and what came after it."""

    def all_of_it(past: Recollection) -> Fold:
        return past.excerpt(past.list_before(past.count + 1, 10_000))

    return await log.recall(LOG, lambda past: all_of_it(Recollection(past)))


def shown(fold: Fold) -> Any:
    return msgspec.to_builtins((fold.seq, list(fold.messages.values()), list(fold.turns.values())))


@every_log
@LAWS
@given(log_of=logs, steps=cuts)
@example(log_of=[asked(1, "Why?"), started(1), found(1), started(1)], steps=[3, 1])
def test_a_checkpoint_anywhere_and_the_tail_are_the_whole_log(
    open_log: OpenLog, log_of: list[ConversationEvent], steps: list[int]
) -> None:
    async def check() -> None:
        async with open_log() as log:
            await log.create(LOG, name="test_123")
            await write(log, log_of)
            whole = await folded(log)
            assert shown(await recalled(log)) == shown(whole)
            for step in steps:
                await advance(log, step)
                assert shown(await recalled(log)) == shown(whole)

    run(check())


@every_log
@LAWS
@given(before=logs, after=logs, step=st.integers(0, 30), limit=st.integers(1, 4))
def test_what_is_asked_for_is_read_from_both_sides_of_the_border(
    open_log: OpenLog,
    before: list[ConversationEvent],
    after: list[ConversationEvent],
    step: int,
    limit: int,
) -> None:
    async def check() -> None:
        async with open_log() as log:
            await log.create(LOG, name="test_123")
            await write(log, before)
            await advance(log, step)
            await write(log, after)
            whole = await folded(log)

            def look(past: Recollection) -> Any:
                pages = [past.list_before(place, limit) for place in range(1, past.count + 2)]
                one_by_one = {id: past.find(id) for id in whole.messages}
                paths = {id: past.path(id, limit) for id in tree}
                return pages, one_by_one, paths

            tree = [id for id in whole.messages if is_rooted(whole.messages, id)]
            pages, one_by_one, paths = await log.recall(LOG, lambda past: look(Recollection(past)))
            order = list(whole.messages.values())
            assert pages == [
                order[max(0, place - limit) : place] for place in range(len(order) + 1)
            ]
            assert one_by_one == whole.messages
            assert paths == {id: whole.path(id)[-limit:] for id in tree}

    run(check())


def is_rooted(messages: dict[MessageId, Message], id: MessageId) -> bool:
    """Whether the way back from a message ends, which events in any order do not promise."""
    seen: set[MessageId] = set()
    at: MessageId | None = id
    while at is not None and at in messages and at not in seen:
        seen.add(at)
        at = messages[at].parent_id
    return at not in seen


@every_log
async def test_a_checkpoint_in_another_format_is_made_anew(
    open_log: OpenLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_log() as log:
        await log.create(LOG, name="test_123")
        await write(log, LOGS["another answer to the same question is a branch"])
        await catch_up(log, LOG)
        monkeypatch.setattr(recollect, "FORMAT", FORMAT + 1)
        assert shown(await recalled(log)) == shown(await folded(log))

        await catch_up(log, LOG)

        kept = await log.recall(LOG, lambda past: past.checkpoint)
        assert kept is not None
        assert (kept.format, kept.seq) == (FORMAT + 1, (await log.head(LOG)).seq)
        assert shown(await recalled(log)) == shown(await folded(log))


async def test_what_is_kept_has_the_form_that_its_number_says() -> None:
    """Whoever changes what a log folds into makes the number grow, and writes both down here."""
    kept: list[Any] = []
    for name in sorted(LOGS):
        async with memory() as log:
            await log.create(LOG, name=name)
            await write(log, LOGS[name])
            checkpoint, messages = await log.recall(
                LOG, lambda past: Recollection(past).checkpoint()
            )
            said = [msgspec.json.decode(each.data) | {"createdAt": ""} for each in messages]
            kept.append((msgspec.json.decode(checkpoint.turns), said))

    form = sha256(msgspec.json.encode(kept)).hexdigest()[:16]

    assert (FORMAT, form) == (4, "c0c0270a8b2b66c4")


@every_log
async def test_of_two_that_make_the_same_step_one_is_kept(open_log: OpenLog) -> None:
    async with open_log() as log:
        await log.create(LOG, name="test_123")
        await write(log, LOGS["a whole turn"])
        step = await log.recall(LOG, lambda past: Recollection(past, limit=5).checkpoint())
        further = await log.recall(LOG, lambda past: Recollection(past, limit=9).checkpoint())

        await log.keep(LOG, *further, since=0)
        await log.keep(LOG, *step, since=0)

        kept = await log.recall(LOG, lambda past: past.checkpoint)
        assert kept is not None
        assert kept.seq == 9
        assert shown(await recalled(log)) == shown(await folded(log))


@every_log
async def test_of_a_log_that_is_gone_nothing_is_kept(open_log: OpenLog) -> None:
    async with open_log() as log:
        await log.create(LOG, name="test_123")
        await write(log, LOGS["a whole turn"])
        made = await log.recall(LOG, lambda past: Recollection(past).checkpoint())
        await log.remove(LOG)

        with pytest.raises(NotFound):
            await log.keep(LOG, *made, since=0)
        with pytest.raises(NotFound):
            await catch_up(log, LOG)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)
