"""What is the transports' own, and what must be the same on all of them."""

import asyncio
from typing import Any

import aiohttp

from groundwire.conformance.cases import TRANSPORTS
from groundwire.conformance.checks.handshake import bearer
from groundwire.conformance.checks.messages import opened
from groundwire.conformance.checks.words import LONG, joined
from groundwire.conformance.raw import SseWire
from groundwire.conformance.seen import Broken
from groundwire.conformance.subject import Subject
from groundwire.conformance.trial import Trial, check


async def lines_of(
    subject: Subject,
    session: str,
    *,
    count: int,
    headers: dict[str, str] | None = None,
    **query: str,
) -> list[str]:
    """Return the first ``count`` lines of a stream, as they are."""
    url = f"{subject.url}/api/v1/conversations/{session}/events"
    lines: list[str] = []
    async with (
        aiohttp.ClientSession(headers={**bearer(subject.key), **(headers or {})}) as http,
        asyncio.timeout(30),
        http.get(url, params=query) as response,
    ):
        async for line in response.content:
            lines.append(line.decode().rstrip("\n"))
            if len(lines) >= count:
                break
    return lines


async def poll(subject: Subject, session: str, **query: str) -> dict[str, Any]:
    url = f"{subject.url}/api/v1/conversations/{session}/poll"
    async with (
        aiohttp.ClientSession(headers=bearer(subject.key)) as http,
        http.get(url, params=query) as response,
    ):
        return await response.json()


@check("sse_last_event_id")
async def last_event_id(trial: Trial) -> None:
    reader = await opened(trial)
    events = await reader.answer("one two three")
    epoch = reader.seen.epoch
    after = events[2]["seq"]
    headers = {"Last-Event-ID": f"{epoch}:{after}"}
    lines = await lines_of(
        trial.subject, reader.session, count=12, headers=headers, cursor=f"{epoch}:0"
    )
    ids = [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]
    if ids[:2] != [f"{epoch}:{after}", f"{epoch}:{after + 1}"]:
        raise Broken(f"the ids were {ids[:2]}")


@check("sse_priming_id")
async def priming_id(trial: Trial) -> None:
    lines = await lines_of(trial.subject, await trial.begun(), count=4, cursor="0")
    if "retry: 2000" not in lines[:3]:
        raise Broken(f"`retry: 2000` should come first, but was {lines[:3]}")
    if not any(line.startswith("id: ") and line.endswith(":0") for line in lines):
        raise Broken(f"there is no id to resume from: {lines}")


@check("sse_ephemeral_has_no_id")
async def ephemeral_id(trial: Trial) -> None:
    reader = await opened(trial)
    assert isinstance(reader, SseWire)
    await reader.next("ready")
    other = await trial.wire(reader.session, cursor="0", ways=("websocket",))
    await other.say_only("typing")
    await reader.next("typing")
    at = next(at for at, frame in enumerate(reader.frames) if frame["type"] == "typing")
    if reader.ids[at]:
        raise Broken(f"it has the id {reader.ids[at]}")


@check("sse_comment_keepalive")
async def keepalive(trial: Trial) -> None:
    node = await trial.spawn(heartbeat=0.4)
    lines = await lines_of(node, await trial.begun(node), count=8, cursor="0")
    if not any(line.startswith(":") for line in lines):
        raise Broken(f"no comment came: {lines}")


@check("longpoll_timeout_same_cursor")
async def poll_times_out(trial: Trial) -> None:
    reader = await opened(trial)
    await reader.answer("hi")
    cursor = reader.seen.cursor
    page = await poll(trial.subject, reader.session, cursor=cursor, wait="0.2")
    if page["events"] or page["cursor"] != cursor or page["hasMore"]:
        raise Broken(f"the page was {page}")


@check("longpoll_limit_hasMore")
async def poll_has_more(trial: Trial) -> None:
    reader = await opened(trial)
    events = await reader.answer("one two three")
    page = await poll(trial.subject, reader.session, cursor="0", limit="2", wait="0")
    if len(page["events"]) != 2 or not page["hasMore"] or page["head"] != events[-1]["seq"]:
        raise Broken(f"the page was {page}")
    rest = await poll(trial.subject, reader.session, cursor=page["cursor"], wait="0")
    if rest["events"][0]["seq"] != 3 or rest["hasMore"]:
        raise Broken("the next page does not follow")


@check("ws_to_sse_to_poll_switch_midrun_same_hash")
async def switch(trial: Trial) -> None:
    steps = [*LONG[:30], {"wait": "a"}, *LONG[30:60], {"wait": "b"}, *LONG[60:]]
    await trial.node.script(*steps)
    at = TRANSPORTS.index(trial.transport)
    order = TRANSPORTS[at:] + TRANSPORTS[:at]
    reader = await trial.wire(trial.subject.new_session(), cursor="0", ways=order)
    ack = await reader.ask("Tell me.")
    for transport, gate, said in zip(order[1:], "ab", (30, 60), strict=True):
        while len(reader.seen.text) < len("".join(LONG[:said])):
            await reader.next("token")
        reader = await trial.go_on(reader, transport)
        await trial.node.release(gate)
    await reader.turn(ack["turnId"])
    if reader.seen.text != "".join(LONG):
        raise Broken("the text is not what the model said")


@check("all_three_at_once_identical")
async def all_at_once(trial: Trial) -> None:
    reader = await opened(trial)
    if trial.transport != "poll":
        await reader.next("ready")
    others = [
        await trial.wire(reader.session, cursor="0", ways=(each,))
        for each in TRANSPORTS
        if each != trial.transport
    ]
    ack = await reader.ask("one two three")
    told = [joined(await each.turn(ack["turnId"])) for each in (reader, *others)]
    if not told[0] == told[1] == told[2]:
        raise Broken("they are not the same events")


@check("post_command_while_sse")
async def post_beside(trial: Trial) -> None:
    reader = await opened(trial)
    await reader.answer("by POST")
