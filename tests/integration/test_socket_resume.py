"""Who comes back has on its screen what is in the log, wherever it was cut (G1, G2, G8)."""

import asyncio
from typing import Any

import pytest

from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.models.scripted import Pause, WaitFor
from tests.support.server import Served
from tests.support.socket import Folded, Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def attach(client: Talk, session: str, cursor: str | None = None) -> dict[str, Any]:
    await client.say("attach", sessionId=session, **({"cursor": cursor} if cursor else {}))
    return await client.next("ready")


async def fold_to(client: Talk, folded: Folded, seq: int) -> None:
    while folded.seq < seq:
        folded.fold(await client.receive())


async def answered(served: Served, *deltas: str) -> tuple[str, int, str, str]:
    """Return the session, head, epoch and answer's id of a finished conversation."""
    async with served.connect() as client:
        served.script(*deltas)
        session = served.new_session()
        done = (await client.answer(session))[-1]
        ready = next(frame for frame in client.frames if frame["type"] == "ready")
        return session, done["seq"], ready["epoch"], done["messageId"]


async def test_cut_at_every_event_the_text_is_the_same_in_the_end(served: Served) -> None:
    session, head, epoch, answer = await answered(served, *"The grass is 绿色的 😀.")
    for cut in range(head + 1):
        folded = Folded()
        async with served.connect(f"sessionId={session}&cursor=0") as client:
            await fold_to(client, folded, cut)
            if cut == 0:
                folded.fold(await client.next("ready"))
            client.cut()
        assert folded.cursor == f"{epoch}:{cut}"
        async with served.connect() as client:
            ready = await attach(client, session, folded.cursor)
            assert (ready["resumed"], ready["head"]) == (True, head)
            await fold_to(client, folded, head)
            assert await client.nothing_more() == []
        assert folded.is_proved(answer)


async def test_cut_again_and_again_while_it_streams_the_text_is_the_same(served: Served) -> None:
    session = served.new_session()
    deltas = [f"{n} 号 " for n in range(120)]
    paced = [step for delta in deltas for step in (delta, Pause(0.004))]
    async with served.connect() as client:
        served.script(*paced)
        ack = await client.ask(session)
    folded, cuts = Folded(), 0
    while not folded.hashes:
        query = f"&cursor={folded.cursor}" if folded.epoch else "&cursor=0"
        async with served.connect(f"sessionId={session}{query}") as client:
            await client.next("welcome")
            for _ in range(7 + cuts % 5):
                if not folded.fold(await client.receive()).hashes:
                    continue
                break
            client.cut()
            cuts += 1
    (answer,) = folded.hashes
    assert cuts > 10
    assert ack["turnId"]
    assert folded.texts[answer] == "".join(deltas)
    assert folded.is_proved(answer)


async def test_attached_in_the_midst_of_a_stream_no_event_is_lost_or_doubled(
    served: Served,
) -> None:
    """By snapshot or by cursor, at any moment: `Folded` takes each seq once, in order."""
    session = served.new_session()
    served.script(*[step for n in range(80) for step in (f"{n} ", Pause(0.003))])
    async with served.connect() as asker:
        await asker.ask(session)
        readers: list[asyncio.Task[Folded]] = []

        async def read(cursor: str | None) -> Folded:
            folded = Folded()
            async with served.connect() as client:
                folded.fold(await attach(client, session, cursor))
                while not folded.hashes:
                    folded.fold(await client.receive())
            return folded

        for n in range(16):
            readers.append(asyncio.create_task(read("0" if n % 2 else None)))
            await asyncio.sleep(0.015)
        done = await asker.next("done")
        screens = [folded.texts for folded in await asyncio.gather(*readers)]
    expected = "".join(f"{n} " for n in range(80))
    assert screens == [{done["messageId"]: expected}] * 16


async def test_at_the_head_there_is_nothing_to_resume_and_the_next_answer_comes(
    served: Served,
) -> None:
    session, head, epoch, _ = await answered(served, "a")
    async with served.connect() as client:
        ready = await attach(client, session, f"{epoch}:{head}")
        assert (ready["resumed"], ready["head"]) == (True, head)
        assert await client.nothing_more() == []
        events = await client.answer(session)
        assert events[0]["seq"] == head + 1


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [
        ("{epoch}:{ahead}", "ahead_of_head"),
        ("{epoch}:999999999999999999", "ahead_of_head"),
        ("other:1", "epoch_changed"),
        ("other:0", "epoch_changed"),
        ("{epoch}:-1", "unreadable"),
        ("{epoch}:1.5", "unreadable"),
        ("{epoch}:" + "9" * 40, "unreadable"),
        ("rubbish", "unreadable"),
        (":1", "unreadable"),
        ("7", "unreadable"),
    ],
)
async def test_a_cursor_that_cannot_be_served_gets_a_snapshot_and_why(
    served: Served, cursor: str, reason: str
) -> None:
    session, head, epoch, answer = await answered(served, "whole")
    cursor = cursor.format(epoch=epoch, ahead=head + 1)
    async with served.connect() as client:
        ready = await attach(client, session, cursor)
        assert (ready.get("resumed", False), ready["reason"]) == (False, reason)
        folded = Folded().fold(ready).fold(await client.receive())
        assert folded.cursor == f"{epoch}:{head}"
        assert folded.texts == {answer: "whole"}
        assert folded.is_proved(answer)


async def test_without_a_cursor_there_is_a_snapshot_and_with_0_the_whole_log(
    served: Served,
) -> None:
    session, head, _, answer = await answered(served, "whole")
    async with served.connect() as client, served.browse() as browser:
        ready = await attach(client, session)
        snapshot = await client.receive()
        assert (ready["resumed"], snapshot["type"]) == (False, "snapshot")
        body = (await browser.get(f"/api/v1/conversations/{session}")).json()
        assert {**body, "ts": ""} == {**snapshot, "ts": ""}
        again = Folded().fold(await attach(client, session, "0"))
        await fold_to(client, again, head)
        assert again.is_proved(answer)


async def test_two_devices_see_one_order_and_a_late_one_joins(served: Served) -> None:
    session, go_on = served.new_session(), asyncio.Event()
    served.script("one ", "two ", WaitFor(go_on), "three")
    async with served.connect() as one, served.connect() as two, served.connect() as late:
        await attach(two, session)
        ack = await one.ask(session)
        await one.until(lambda frame: frame.get("content") == "two ")
        joined = Folded().fold(await attach(late, session)).fold(await late.receive())
        assert list(joined.texts.values()) == ["one two "]
        assert late.frames[-1]["turn"]["content"] == "one two "
        go_on.set()
        mine, theirs = await one.turn(ack["turnId"]), await two.turn(ack["turnId"])
        assert theirs[-len(mine) :] == mine
        await fold_to(late, joined, mine[-1]["seq"])
        assert list(joined.texts.values()) == ["one two three"]
        assert joined.is_proved(mine[-1]["messageId"])


async def test_a_second_attachment_begins_anew_and_a_detached_one_is_silent(
    served: Served,
) -> None:
    async with served.connect() as client, served.connect() as other:
        session = served.new_session()
        await client.answer(session)
        await attach(client, session, "0")
        assert (await client.receive())["seq"] == 1
        await client.say("detach", sessionId=session)
        await client.next("ack")
        await other.answer(session)
        assert await client.nothing_more() == []


async def test_a_conversation_of_somebody_else_is_4403(served: Served) -> None:
    async with served.browse() as browser:
        mine = (await browser.post("/api/v1/conversations", json={})).json()["id"]
    key = await served.add_user("eve")
    async with served.connect(key=key) as eve:
        await eve.say("attach", sessionId=mine)
        assert await eve.closed() == 4403
        assert eve.frames[-1]["code"] == "forbidden"
    async with served.browse(key) as browser:
        assert (await browser.get(f"/api/v1/conversations/{mine}")).status_code == 403


async def test_a_name_that_two_users_invent_is_two_conversations(served: Served) -> None:
    key = await served.add_user("bob")
    async with served.connect() as alice, served.connect(key=key) as bob:
        await alice.answer("test_123", "what alice asks")
        await attach(bob, "test_123")
        assert (await bob.receive())["messages"] == []
        await bob.answer("test_123", "what bob asks")
        await attach(alice, "test_123")
        snapshot = await alice.next("snapshot")
        said = [each["content"] for each in snapshot["messages"] if each["role"] == "user"]
        assert "what alice asks" in said
        assert "what bob asks" not in said


async def test_a_conversation_deleted_while_it_streams_is_4404(served: Served) -> None:
    async with served.connect() as client, served.browse() as browser:
        session = served.new_session()
        served.script("a", WaitFor(asyncio.Event()))
        await client.ask(session)
        await client.next("token")
        assert (await browser.delete(f"/api/v1/conversations/{session}")).status_code == 204
        assert await client.closed() == 4404
        assert client.frames[-1]["code"] == "gone"
        assert (await browser.get(f"/api/v1/conversations/{session}")).status_code == 404
        await client.socket.wait_closed()
    async with served.connect() as client:
        # Its name is free, and nothing of what was said under it is left.
        events = await client.answer(session)
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


async def test_the_head_is_told_so_that_a_lost_tail_is_noticed(served: Served) -> None:
    session, head, _, _ = await answered(served, "a")
    async with served.connect() as client:
        await attach(client, session)
        await client.say("ping")
        assert (await client.next("pong"))["head"] == {session: head}


async def test_without_any_wake_up_all_is_there_a_little_later(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = served.groundwire.assistant.log
    assert isinstance(log, SqliteEventLog)
    monkeypatch.setattr(log, "wakes", False)
    monkeypatch.setattr(log.watch, "audit_s", 0.02)
    async with served.connect() as client:
        served.script(*"never lost")
        folded = Folded()
        await client.ask(served.new_session())
        while not folded.hashes:
            folded.fold(await client.receive())
        assert list(folded.texts.values()) == ["never lost"]
