"""Servers that stop and start, and what stands between them and their clients."""

import asyncio
from typing import Any

from groundwire.conformance.checks.handshake import bearer
from groundwire.conformance.checks.messages import opened
from groundwire.conformance.checks.mouths import lines_of
from groundwire.conformance.checks.words import LONG
from groundwire.conformance.door import knock
from groundwire.conformance.proxy import Proxy
from groundwire.conformance.raw import HttpWire, RawWire, SocketWire
from groundwire.conformance.seen import Broken, Frame
from groundwire.conformance.specified import NotSpecified, check_received
from groundwire.conformance.subject import Spawned
from groundwire.conformance.trial import Trial, check
from groundwire.conformance.wire import Wire

DRAINED = 20


@check("drain_reconnect_event_then_1012")
async def drain(trial: Trial) -> None:
    node = await trial.spawn()
    reader = await trial.wire(await trial.begun(node), subject=node, cursor="0")
    await reader.next("ready")
    stopping = asyncio.create_task(node.stop())
    told = await reader.next("reconnect")
    ended = await reader.let_go()
    await stopping
    if told["delayMs"] < 0 or not told["reason"]:
        raise Broken(f"it was told to connect again by {told}")
    if isinstance(reader, SocketWire) and ended.code != 1012:
        raise Broken(f"it was closed {ended.code}")


@check("drain_spread_no_herd")
async def drain_spread(trial: Trial) -> None:
    node = await trial.spawn()
    readers = [
        await trial.wire(node.new_session(), subject=node, cursor="0") for _ in range(DRAINED)
    ]
    stopping = asyncio.create_task(node.stop())
    delays = {(await reader.next("reconnect"))["delayMs"] for reader in readers}
    await stopping
    if len(delays) < DRAINED // 4:
        raise Broken(f"{DRAINED} clients were told {sorted(delays)}")


@check("drain_midrun_no_loss")
async def drain_midrun(trial: Trial) -> None:
    node = await trial.spawn()
    await node.script(*LONG[:20], {"hang": True})
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    ack = await reader.ask("Tell me.")
    for _ in range(5):
        await reader.next("token")
    await node.stop()
    await node.restart([*LONG])
    await reader.come_back()
    await reader.turn(ack["turnId"])
    if reader.seen.text != "".join(LONG):
        raise Broken("the answer is not whole")


@check("restart_all_nodes_resume")
async def restart(trial: Trial) -> None:
    node = await trial.spawn()
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    await reader.answer("before")
    for again in (node.kill, node.stop):
        await again()
        await node.restart()
        reader.frames.clear()
        await reader.come_back()
        await reader.answer("after")
        ready = [frame for frame in reader.frames if frame["type"] == "ready"]
        if trial.transport != "poll" and not ready[0].get("resumed"):
            raise Broken(f"the cursor was not good any more: {ready[0]}")


@check("proxy_30s_lifetime_cut")
async def proxy_cuts(trial: Trial) -> None:
    node = await trial.spawn()
    async with Proxy(node) as proxy:
        await node.script(*(step for word in LONG for step in (word, {"pause": 0.01})))
        reader = await trial.wire(node.new_session(), subject=proxy.in_front, cursor="0")
        ack = await reader.ask("Tell me.")
        for _ in range(4):
            await reader.next("token")
            proxy.cut()
            await reader.come_back()
        await reader.turn(ack["turnId"])
        if reader.seen.text != "".join(LONG):
            raise Broken("the text is not what the model said")


@check("half_open_tcp_detected")
async def half_open(trial: Trial) -> None:
    node = await trial.spawn(heartbeat=0.3)
    async with Proxy(node) as proxy:
        reader = await trial.wire(node.new_session(), subject=proxy.in_front, cursor="0")
        await reader.answer("hi")
        proxy.freeze()
        if isinstance(reader, RawWire):
            # The server hears nothing any more: it lets go, and counts the connection no longer.
            async with asyncio.timeout(20):
                while await node.order("members"):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await reader.come_back()
        # A library is told nothing: it has to notice by itself.
        await reader.answer("and on")


@check("nginx_buffering_off_ttft")
async def no_buffering(trial: Trial) -> None:
    session = await trial.begun()
    headers = bearer(trial.subject.key)
    met = await knock("sse", trial.subject, headers=headers, session=session)
    headers = {name.lower(): value for name, value in met.headers.items()}
    if headers.get("x-accel-buffering") != "no" or "no-cache" not in headers["cache-control"]:
        raise Broken(f"a proxy may hold the stream back: {headers}")
    await lines_of(trial.subject, session, count=3, cursor="0")


@check("clock_skew_irrelevant")
async def clock_skew(trial: Trial) -> None:
    node = await trial.spawn()
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    await reader.answer("now")
    await node.order("advance", seconds=-7 * 86_400)
    await reader.answer("a week ago")
    await reader.come_back()
    await reader.answer("and on")
    seqs = [frame["seq"] for frame in reader.frames if "seq" in frame]
    if seqs != sorted(seqs):
        raise Broken(f"the order was {seqs}")


@check("asyncapi_every_frame_validates")
async def frames_validate(trial: Trial) -> None:
    reader = await trial.wire(trial.subject.new_session(), cursor="0")
    other = await trial.wire(reader.session)
    replies = await commands_of_all_kinds(trial, reader)
    if isinstance(other, SocketWire):
        await other.say_only("presence", state="away")
    for command, fields in (("typing", {}), ("read", {"seq": 1})):
        await other.say_only(command, **fields)
    late = await trial.wire(reader.session)
    wrong = await trial.wire(reader.session, cursor="elsewhere:1")
    await wrong.next("snapshot")
    for each in (other, late, reader):
        await each.answer("and on")
    if isinstance(reader, HttpWire):
        # Of a command by POST that is refused a problem tells, and no frame.
        replies = [reply for reply in replies if reply["type"] != "error"]
    for frame in (*replies, *reader.frames, *other.frames, *late.frames, *wrong.frames):
        try:
            check_received(frame)
        except NotSpecified as error:
            raise Broken(str(error)) from error


async def commands_of_all_kinds(trial: Trial, reader: Wire) -> list[Frame]:
    """Have answers given, branched, corrected and refused; return what answered the commands."""
    await reader.answer("one two three", clientMessageId="k")
    first = reader.frames[-1]
    question = next(frame for frame in reader.frames if frame["type"] == "message.created")
    replies = [
        await reader.say("chat_message", content="one two three", clientMessageId="k"),
        await reader.say("chat_message", content="two", clientMessageId="k"),
        await reader.say("chat_message", content=""),
        await reader.say("cancel"),
        await reader.say("steer", content="No."),
        await reader.say("tool_approval", approvalId="ap_none", approved=True),
        await reader.say("history", limit=200),
        await reader.say("regenerate", messageId=first["messageId"]),
        await reader.say("edit", messageId=question["messageId"], content="four"),
    ]
    if isinstance(reader, SocketWire):
        replies += [await reader.say("ping", t=1), await reader.say("telepathy")]
    for reply in replies[-4:]:
        if reply["type"] == "ack":
            await reader.turn(reply["turnId"])
    if isinstance(trial.subject, Spawned):
        replies += await _with_tools_and_corrections(trial, reader)
    return replies


async def _with_tools_and_corrections(trial: Trial, reader: Wire) -> list[Frame]:
    """Have said what only a model can be the cause of that is told what to say."""
    use: dict[str, Any] = {"use": "note", "input": {"text": "a"}}
    replies: list[Frame] = []
    for approved in (True, False):
        await trial.node.script({"reason": "Hm."}, "so ", use)
        ack = await reader.ask("Take a note.")
        required = await reader.next("tool.approval_required")
        await trial.node.script("and on")
        id = required["approvalId"]
        replies.append(await reader.say("tool_approval", approvalId=id, approved=approved))
        await reader.turn(ack["turnId"])
    await trial.node.script("so far ", {"fail": "model_unavailable"})
    await reader.answer("Fail.")
    await trial.node.script("so far ", {"hang": True})
    await reader.ask("Tell me.")
    await reader.next("token")
    await trial.node.script("better")
    corrected = await reader.say("steer", content="No.")
    await reader.turn(corrected["turnId"])
    return [*replies, corrected]


@check("double_writer_fenced")
async def fenced(trial: Trial) -> None:
    reader = await opened(trial)
    await trial.node.script("so far ", {"wait": "fence"}, "too late")
    ack = await reader.ask("Tell me.")
    await reader.next("token")
    await trial.node.order("take_over", session=reader.session)
    await trial.node.release("fence")
    await trial.node.order("finish", session=reader.session)
    done = (await reader.turn(ack["turnId"]))[-1]
    if reader.seen.texts[done["messageId"]] != "so far ":
        raise Broken("the writer that was replaced has written")
