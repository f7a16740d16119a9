"""Pages of what is in a log."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from groundwire.conversation.keep import Keeper
from groundwire.model.events import Recorded
from groundwire.transport import pages
from tests.support.http import Poll, stream
from tests.support.server import Served
from tests.support.socket import Folded, Frame, Frames, Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def answered(served: Served) -> tuple[str, list[Frame]]:
    """Return a session, and all that is in its log."""
    async with served.connect() as client:
        served.script(*"history")
        events = await client.answer(session := served.new_session())
        return session, events


async def ask(client: Talk, session: str, **fields: object) -> tuple[list[int], bool]:
    """Return the seqs of a page, and whether there is more."""
    await client.say("history", sessionId=session, id="h", **fields)
    page = await client.next("history")
    assert page["ref"] == "h"
    return [event["seq"] for event in page["events"]], page["hasMore"]


async def test_a_page_is_of_the_events_as_they_are_in_the_log(served: Served) -> None:
    session, events = await answered(served)
    async with served.connect() as client, served.browse() as browser:
        await client.say("history", sessionId=session)
        page = await client.next("history")
        assert page["events"] == events
        assert (page["sessionId"], page["hasMore"]) == (session, False)
        await client.say("attach", sessionId=session)
        assert page["epoch"] == (await client.next("ready"))["epoch"]
        body = {"type": "history", "limit": 2}
        posted = await browser.post(f"/api/v1/conversations/{session}/commands", json=body)
        assert posted.json()["events"] == events[-2:]


async def test_pages_go_back_and_forth_without_gap_or_overlap(served: Served) -> None:
    session, events = await answered(served)
    seqs = [event["seq"] for event in events]
    async with served.connect() as client:
        assert await ask(client, session, limit=3) == (seqs[-3:], True)
        back: list[int] = []
        before, has_more = seqs[-1] + 1, True
        while has_more:
            page, has_more = await ask(client, session, before=before, limit=3)
            back, before = page + back, page[0]
        assert back == seqs
        on: list[int] = []
        after, has_more = 0, True
        while has_more:
            page, has_more = await ask(client, session, after=after, limit=3)
            on, after = on + page, page[-1]
        assert on == seqs


async def test_past_either_end_there_is_nothing(served: Served) -> None:
    session, events = await answered(served)
    last = events[-1]["seq"]
    async with served.connect() as client:
        assert await ask(client, session, before=1) == ([], False)
        assert await ask(client, session, after=last) == ([], False)
        assert await ask(client, session, after=10**30) == ([], False)
        assert (await ask(client, session, before=10**30, limit=1))[0] == [last]
        assert (await ask(client, session, before=2**63, limit=1))[0] == [last]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"before": 3, "after": 1}, "invalid_field"),
        ({"limit": 201}, "invalid_field"),
        ({"limit": 0}, "invalid_field"),
        ({"before": 0}, "invalid_field"),
        ({"after": -1}, "invalid_field"),
        ({"sessionId": "never heard of"}, "not_found"),
    ],
    ids=str,
)
async def test_what_is_out_of_range_is_refused(
    served: Served, fields: dict[str, Any], code: str
) -> None:
    session, _ = await answered(served)
    async with served.connect() as client:
        await client.say("history", **{"sessionId": session, **fields})
        assert (await client.next("error"))["code"] == code


async def test_a_page_is_no_larger_than_a_client_can_take(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, events = await answered(served)
    monkeypatch.setattr(pages, "PAGE_BYTES", 500)
    seqs = [event["seq"] for event in events]
    async with served.connect() as client:
        first, has_more = await ask(client, session, after=0)
        assert (first, has_more) == (seqs[: len(first)], True)
        assert 1 <= len(first) <= 3
        last, has_more = await ask(client, session)
        assert (last, has_more) == (seqs[-len(last) :], True)


async def asked_unseen(served: Served, browser: httpx.AsyncClient) -> tuple[str, list[Recorded]]:
    """Have a long answer written that nobody watches; return its session and log."""
    served.script(*["token "] * 300)
    session = served.new_session()
    body = {"type": "chat_message", "content": "hi"}
    await browser.post(f"/api/v1/conversations/{session}/commands", json=body)
    events: list[Frame] = []
    while not events or events[-1]["type"] != "done":
        poll = Poll(browser, f"/api/v1/conversations/{session}/poll", "0")
        page = await poll.ask(limit=1000, wait=0)
        assert not page["hasMore"] or len(page["events"]) < 300
        events = page["events"]
    return session, [Recorded(event["seq"], msgspec.json.encode(event)) for event in events]


async def compacted(served: Served, session: str) -> list[Recorded]:
    """Let all that has ended be compacted; return what is in the log then."""
    log = served.groundwire.assistant.log
    keeper = Keeper(log, lambda: datetime.now(UTC) + timedelta(days=1), 1.0)
    while await keeper.compact():
        pass
    return list(await log.read(await served.log_of(session), after=0, limit=1000))


async def test_where_events_were_merged_pages_are_found_all_the_same(served: Served) -> None:
    async with served.browse() as browser, served.connect() as client:
        session, _ = await asked_unseen(served, browser)
        merged = await compacted(served, session)
        assert len(merged) < 10 < 300 < merged[-1].seq
        seqs = [event.seq for event in merged]

        assert await ask(client, session) == (seqs, False)
        back: list[int] = []
        before, has_more = seqs[-1] + 1, True
        while has_more:
            page, has_more = await ask(client, session, before=before, limit=2)
            back, before = page + back, page[0]
        assert back == seqs
        on: list[int] = []
        after, has_more = 0, True
        while has_more:
            page, has_more = await ask(client, session, after=after, limit=2)
            on, after = on + page, page[-1]
        assert on == seqs


async def test_what_was_merged_in_the_log_is_followed_like_the_rest(served: Served) -> None:
    async with served.browse() as browser:
        session, _ = await asked_unseen(served, browser)
        await compacted(served, session)
        screens: list[Folded] = []
        async with served.connect(f"sessionId={session}&cursor=0") as client:
            screens.append(await folded(client))
        at = f"/api/v1/conversations/{session}"
        async with stream(browser, f"{at}/events?cursor=0") as reader:
            screens.append(await folded(reader))
        screens.append(await folded(Poll(browser, f"{at}/poll", "0")))
    for screen in screens:
        (answer,) = screen.hashes
        assert screen.is_proved(answer)
        assert screen.texts[answer] == "token " * 300


async def folded(reader: Frames) -> Folded:
    screen = Folded()
    while not screen.hashes:
        screen.fold(await reader.receive())
    return screen
