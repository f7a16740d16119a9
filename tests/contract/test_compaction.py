"""Compaction changes how many events say a thing, and nothing else that anybody sees."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwire.bootstrap import utc_now
from groundwire.conversation import decide, keep, merge
from groundwire.conversation.fold import Fold
from groundwire.conversation.follow import follow
from groundwire.conversation.keep import Keeper
from groundwire.conversation.recollect import recollect
from groundwire.model.errors import Compacted
from groundwire.model.events import AnswerReset, Citation, Progress, Reasoning, Recorded, Token
from groundwire.model.ids import ConversationId, MessageId, TurnId, conversation_log
from groundwire.model.standing import Active
from groundwire.ports.event_log import EventLog
from tests.contract.stores import OpenLog, every_log
from tests.support.turns import SOURCE, ask, converse, finish, start

LOG = conversation_log(ConversationId("alice"))
LAWS = settings(max_examples=25, deadline=None)

# What happens in an answer, one letter each: a token, a thought, a citation, a status, a reset.
scripts = st.lists(st.text("tttttrcsx", max_size=25), min_size=1, max_size=4)


def keeper(log: EventLog) -> Keeper:
    """One to whom all turns ended long ago."""
    return Keeper(log, lambda: utc_now() + timedelta(days=1), 3600)


async def answer(log: EventLog, active: Active, script: str) -> str:
    """Let things happen in the turn, each an event; return the text."""
    turn, id = active.asked.turn, active.asked.answer
    said, thought = "", ""
    for n, what in enumerate(script):
        match what:
            case "t":
                piece = f"{n}号 "
                event = Token(turn_id=turn, message_id=id, content=piece, offset=len(said))
                said += piece
            case "r":
                event = Reasoning(turn_id=turn, message_id=id, content="hm", offset=len(thought))
                thought += "hm"
            case "c":
                event = Citation(
                    turn_id=turn, message_id=id, start=0, end=len(said), source_id=SOURCE.id
                )
            case "s":
                event = Progress(turn_id=turn, status="generating", msg="…")
            case _:
                said, thought = said[: len(said) // 2], ""
                event = AnswerReset(turn_id=turn, message_id=id, to_offset=len(said))
        await log.append(LOG, [event], fence=active.fence)
    return said


async def converse_by(log: EventLog, answers: Sequence[str], running: str = "") -> None:
    """Say whole turns, and then one that is not done."""
    await log.create(LOG, name="test_123")
    for n, script in enumerate(answers, 1):
        await ask(log, LOG, n)
        active = await start(log, LOG)
        await finish(log, LOG, active, await answer(log, active, script))
    await ask(log, LOG, len(answers) + 1)
    await answer(log, await start(log, LOG), running)


async def read_all(log: EventLog, limit: int = 1_000) -> list[Recorded]:
    found: list[Recorded] = []
    while batch := await log.read(LOG, after=found[-1].seq if found else 0, limit=limit):
        found += batch
    return found


def shown(events: Sequence[Recorded]) -> Any:
    fold = Fold()
    fold.add(events)
    return msgspec.to_builtins((fold.seq, list(fold.messages.values()), list(fold.turns.values())))


def covers(event: Recorded) -> tuple[int, int]:
    body = json.loads(event.data)
    assert body["seq"] == event.seq
    first, last = body.get("covers", (event.seq, event.seq))
    assert last == event.seq
    return first, last


def assert_gapless(events: Sequence[Recorded], after: int = 0) -> None:
    for event in events:
        first, last = covers(event)
        assert first == after + 1
        after = last


@every_log
@LAWS
@given(answers=scripts, running=st.text("ttrc", max_size=8), batch=st.integers(2, 12))
def test_the_log_says_the_same_in_fewer_events(
    open_log: OpenLog, answers: list[str], running: str, batch: int
) -> None:
    async def check() -> None:
        async with open_log() as log:
            await converse_by(log, answers, running)
            before, head = await read_all(log), await log.head(LOG)

            while await keeper(log).compact():
                pass

            after = await read_all(log, limit=3)
            assert_gapless(after)
            assert shown(after) == shown(before)
            assert await log.head(LOG) == head
            past = await recollect(log, LOG, lambda past: past.list_before(past.count + 1, 100))
            assert msgspec.to_builtins(past) == shown(before)[1]
            ended = head.seq - len(running)
            assert [e for e in after if e.seq > ended] == [e for e in before if e.seq > ended]
            assert_nothing_is_left_to_merge([e for e in after if e.seq <= ended], batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keep, "BATCH", batch)
        asyncio.run(check())


def assert_nothing_is_left_to_merge(events: Sequence[Recorded], batch: int) -> None:
    for one, other in pairwise(events):
        texts = [json.loads(event.data) for event in (one, other)]
        if texts[0]["type"] == texts[1]["type"] in ("token", "reasoning"):
            # Only where a text was longer than what is compacted at once.
            assert covers(one)[1] - covers(one)[0] + 1 == batch


@every_log
@LAWS
@given(answers=scripts)
def test_a_cursor_is_served_without_a_gap_or_not_at_all(
    open_log: OpenLog, answers: list[str]
) -> None:
    async def check() -> None:
        async with open_log() as log:
            await converse_by(log, answers)
            await keeper(log).compact()
            events = await read_all(log)
            within = {seq: covers(e)[0] for e in events for seq in range(*covers(e))}
            for cursor in range((await log.head(LOG)).seq + 1):
                if cursor in within:
                    with pytest.raises(Compacted) as caught:
                        await log.read(LOG, after=cursor, limit=5)
                    assert caught.value.first == within[cursor]
                else:
                    assert_gapless(await log.read(LOG, after=cursor, limit=5), cursor)

    asyncio.run(check())


@every_log
@LAWS
@given(
    answers=scripts,
    running=st.text("tr", max_size=6),
    size=st.integers(1, 6),
    reads=st.lists(st.integers(1, 4), max_size=8),
)
def test_a_reader_behind_whom_it_happens_does_not_notice(
    open_log: OpenLog, answers: list[str], running: str, size: int, reads: list[int]
) -> None:
    """The reader takes some batches, a step is compacted, and so on."""

    async def check() -> None:
        async with open_log() as log:
            await converse_by(log, answers, running)
            whole, head = shown(await read_all(log)), (await log.head(LOG)).seq
            seen: list[Recorded] = []
            reader = follow(log, LOG, after=0, limit=size)
            steps = iter(reads)
            compacting = asyncio.create_task(keeper(log).compact())
            while not seen or seen[-1].seq < head:
                for _ in range(next(steps, 1)):
                    if not seen or seen[-1].seq < head:
                        seen += await anext(reader)
                await asyncio.sleep(0)
            await reader.aclose()
            await compacting
            assert_gapless(seen)
            assert shown(seen) == whole

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keep, "BATCH", 5)
        patch.setattr(keep, "PAUSE_S", 0)
        asyncio.run(check())


@every_log
async def test_a_reader_in_the_middle_of_what_is_merged_gets_the_rest(open_log: OpenLog) -> None:
    async with open_log() as log:
        await converse_by(log, ["tttttttt"])
        first = next(e.seq for e in await read_all(log) if b'"token"' in e.data)
        reader = follow(log, LOG, after=0, limit=first + 2)
        (*_, last) = await anext(reader)
        await keeper(log).compact()

        (rest, *_) = await anext(reader)

        assert covers(last) == (first + 2, first + 2)
        assert covers(rest) == (first + 3, first + 7)
        body = json.loads(rest.data)
        assert (body["offset"], body["content"]) == (9, "3号 4号 5号 6号 7号 ")


@every_log
async def test_readers_of_a_conversation_that_goes_on_see_all_of_it(open_log: OpenLog) -> None:
    async with open_log() as log:
        await log.create(LOG, name="test_123")
        finished = 2 + 40 * 9

        async def read() -> list[Recorded]:
            seen: list[Recorded] = []
            async for batch in follow(log, LOG, after=0):
                seen += batch
                if seen[-1].seq >= finished:
                    return seen
            return seen

        async def compact() -> None:
            while not all(reader.done() for reader in readers):
                await keeper(log).compact()
                await asyncio.sleep(0)

        readers = [asyncio.create_task(read()) for _ in range(3)]
        compacting = asyncio.create_task(compact())
        await converse(log, LOG, 40)
        await ask(log, LOG, 41)
        await start(log, LOG)
        async with asyncio.timeout(30):
            seen = await asyncio.gather(*readers)
        await compacting
        whole = await read_all(log)
        for each in seen:
            assert_gapless(each)
            assert shown(each) == shown([event for event in whole if event.seq <= each[-1].seq])


@every_log
async def test_what_was_asked_is_still_not_asked_again(open_log: OpenLog) -> None:
    async with open_log() as log:
        await converse_by(log, ["tttt"])
        await keeper(log).compact()

        again = decide.Question(
            turn=TurnId("t9"),
            message=MessageId("q9"),
            answer=MessageId("a9"),
            author="alice",
            content="Question 1?",
            client_message_id="k1",
        )
        accepted = await log.decide(LOG, lambda desk: decide.ask(desk, again))

        assert (accepted.duplicate, accepted.turn, accepted.seq) == (True, "t1", 1)


@every_log
async def test_a_conversation_may_be_removed_while_it_is_compacted(
    open_log: OpenLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "BATCH", 3)
    async with open_log() as log:
        await converse_by(log, ["tttttttt"] * 5)
        compacting = asyncio.create_task(keeper(log).compact())
        while not any(b"covers" in e.data for e in await read_all(log)):  # noqa: ASYNC110
            await asyncio.sleep(0)

        await log.remove(LOG)

        assert await asyncio.wait_for(compacting, 10)
        assert not await keeper(log).compact()


@every_log
async def test_only_turns_that_ended_long_enough_ago_are_compacted(open_log: OpenLog) -> None:
    clock = utc_now()
    async with open_log(lambda: clock) as log:
        await converse_by(log, ["tttt", "ttttt"], "tttt")
        began = clock
        await finish(log, LOG, await active_turn(log), "")
        clock = began + timedelta(minutes=30)
        await converse(log, LOG, 1, first=4)

        async def sizes_at(minutes: int) -> list[int]:
            while await Keeper(log, lambda: began + timedelta(minutes=minutes), 3600).compact():
                pass
            events = await read_all(log)
            return [covers(e)[1] - covers(e)[0] + 1 for e in events if b"covers" in e.data]

        assert await sizes_at(59) == []
        assert await sizes_at(60) == [4, 5, 4]
        assert await sizes_at(89) == [4, 5, 4]
        assert await sizes_at(90) == [4, 5, 4, 4]


async def active_turn(log: EventLog) -> Active:
    active = await log.decide(LOG, lambda desk: desk.standing.active)
    assert active is not None
    return active


@every_log
async def test_a_merged_text_has_a_largest_size(
    open_log: OpenLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "MOST_BYTES", 12)
    async with open_log() as log:
        await converse_by(log, ["t" * 9])
        whole = shown(await read_all(log))

        await keeper(log).compact()

        events = [json.loads(event.data) for event in await read_all(log)]
        sizes = [len(each["content"].encode()) for each in events if each["type"] == "token"]
        assert sizes == [10, 10, 10, 10, 5]
        assert shown(await read_all(log)) == whole
        text = whole[1][1]["content"]
        assert whole[1][1]["contentHash"] == sha256(text.encode()).hexdigest()
