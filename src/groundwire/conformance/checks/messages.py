"""Asking: once, in order, and what a busy conversation does."""

import json

from websockets.asyncio.client import connect

from groundwire.conformance.checks.framing import expect_code
from groundwire.conformance.seen import Broken, Frame
from groundwire.conformance.trial import Trial, check
from groundwire.conformance.wire import Wire

BRIEF = '{"type": "chat_message", "content": "hello", "sessionId": "%s", "model": "%s"}'


async def opened(trial: Trial) -> Wire:
    return await trial.wire(trial.subject.new_session(), cursor="0")


async def busy(trial: Trial, name: str) -> tuple[Wire, Frame]:
    """Return a reader of a conversation whose answer waits for ``release(name)``."""
    await trial.node.script("so far ", {"wait": name}, "and on")
    reader = await opened(trial)
    ack = await reader.ask("Tell me.")
    await reader.next("token")
    return reader, ack


def created(reader: Wire) -> list[str]:
    return [frame["content"] for frame in reader.frames if frame["type"] == "message.created"]


@check("duplicate_clientMessageId_same_connection")
async def duplicate_same(trial: Trial) -> None:
    reader = await opened(trial)
    first = await reader.ask("once", clientMessageId="k")
    again = await reader.ask("once", clientMessageId="k")
    if again["turnId"] != first["turnId"] or not again.get("duplicate"):
        raise Broken("the same question was another turn")
    await reader.turn(first["turnId"])
    await reader.nothing_more()
    if created(reader).count("once") != 1:
        raise Broken("it was recorded twice")


@check("duplicate_clientMessageId_after_reconnect")
async def duplicate_after(trial: Trial) -> None:
    reader = await opened(trial)
    first = await reader.ask("once", clientMessageId="k")
    await reader.turn(first["turnId"])
    await reader.come_back()
    again = await reader.ask("once", clientMessageId="k")
    if again["turnId"] != first["turnId"] or not again.get("duplicate"):
        raise Broken("the same question was another turn")


@check("same_id_other_body_conflict")
async def conflict(trial: Trial) -> None:
    reader = await opened(trial)
    await reader.answer("one", clientMessageId="k")
    error = await reader.say("chat_message", content="two", clientMessageId="k")
    expect_code(error, "idempotency_conflict")


@check("no_id_frame_of_brief_works")
async def brief(trial: Trial) -> None:
    session = trial.subject.new_session()
    url = f"{trial.subject.socket_url}/api/v1/chat/stream?token={trial.subject.key}"
    async with connect(url, proxy=None, compression=None) as socket:
        await socket.send(BRIEF % (session, "llama3"))
        frame: Frame = {"type": ""}
        while frame["type"] not in ("error", "done"):
            frame = json.loads(await socket.recv())
        if frame["type"] == "error":
            # There need be no model of that name; then those there are have to be told.
            expect_code(frame, "unknown_model")
            await socket.send(BRIEF % (session, "auto"))
            while frame["type"] != "done":
                frame = json.loads(await socket.recv())


@check("ack_only_after_durable")
async def durable(trial: Trial) -> None:
    node = await trial.spawn()
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    ack = await reader.ask("Is it kept?", clientMessageId="k")
    await node.kill()
    await node.restart()
    again = await trial.wire(reader.session, subject=node, cursor="0")
    await again.turn(ack["turnId"])
    if again.seen.questions != ["Is it kept?"]:
        raise Broken(f"the questions are {again.seen.questions}")


@check("order_two_fast_messages")
async def order(trial: Trial) -> None:
    reader = await opened(trial)
    acks = [await reader.ask(word) for word in ("one", "two", "three")]
    for ack in acks:
        await reader.turn(ack["turnId"])
    if created(reader) != ["one", "two", "three"]:
        raise Broken(f"they were asked as {created(reader)}")


@check("busy_queue")
async def busy_queue(trial: Trial) -> None:
    reader, first = await busy(trial, "queue")
    second = await reader.ask("and then?")
    status = await reader.next("status")
    if status["turnId"] != second["turnId"] or status["status"] != "queued" or not status["msg"]:
        raise Broken(f"it should be said that it waits, but was {status}")
    await trial.node.release("queue")
    await reader.turn(first["turnId"])
    await reader.turn(second["turnId"])


@check("busy_reject")
async def busy_reject(trial: Trial) -> None:
    reader, first = await busy(trial, "reject")
    expect_code(await reader.say("chat_message", content="now?", onBusy="reject"), "busy")
    await trial.node.release("reject")
    await reader.turn(first["turnId"])
    if created(reader) != ["Tell me."]:
        raise Broken("a refused question was recorded")


@check("queue_cap")
async def queue_cap(trial: Trial) -> None:
    node = await trial.spawn()
    await node.script({"hang": True})
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    for n in range(100):
        answer = await reader.say("chat_message", content=f"number {n}")
        if answer["type"] == "error":
            expect_code(answer, "queue_full")
            return
    raise Broken("a hundred questions wait")
