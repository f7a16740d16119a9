"""Several devices, several people."""

import asyncio
from contextlib import suppress

import aiohttp

from groundwire.access.authenticate import SESSION
from groundwire.conformance.checks.framing import expect_code
from groundwire.conformance.checks.handshake import bearer
from groundwire.conformance.checks.messages import busy, opened
from groundwire.conformance.checks.words import joined
from groundwire.conformance.door import knock
from groundwire.conformance.seen import Broken, Frame
from groundwire.conformance.trial import Trial, check
from groundwire.conformance.wire import Ended, Wire

REVOKED_WITHIN_S = 5.0


def of_log(reader: Wire) -> list[Frame]:
    return [frame for frame in reader.frames if "seq" in frame]


@check("two_devices_same_order")
async def same_order(trial: Trial) -> None:
    one = await opened(trial)
    other = await trial.wire(one.session, cursor="0")
    acks = [await each.ask(f"from {n}") for n, each in enumerate((one, other, one))]
    for ack in acks:
        await one.turn(ack["turnId"])
        await other.turn(ack["turnId"])
    if joined(of_log(one)) != joined(of_log(other)):
        raise Broken("they saw other events, or in another order")


@check("late_joiner_snapshot_plus_live")
async def late_joiner(trial: Trial) -> None:
    reader, ack = await busy(trial, "late")
    late = await trial.wire(reader.session)
    snapshot = await late.next("snapshot")
    if snapshot["turn"]["turnId"] != ack["turnId"]:
        raise Broken(f"what runs was told as {snapshot['turn']}")
    await trial.node.release("late")
    await late.turn(ack["turnId"])
    await reader.turn(ack["turnId"])
    if late.seen.texts != reader.seen.texts:
        raise Broken("the late one has another text")


@check("presence_join_leave_on_kill")
async def presence(trial: Trial) -> None:
    one = await trial.wire(await trial.begun(), cursor="0")
    await one.next("ready")
    other = await trial.wire(one.session, cursor="0")
    came = await one.next("presence")
    other.cut()
    went = await one.next("presence")
    states = (came["state"], went["state"])
    if states != ("online", "offline") or came["connectionId"] != went["connectionId"]:
        raise Broken(f"it was told as {came} and {went}")


@check("typing_not_replayed")
async def typing(trial: Trial) -> None:
    one = await trial.wire(await trial.begun(), cursor="0")
    await one.next("ready")
    other = await trial.wire(one.session, cursor="0", ways=("websocket",))
    await other.next("ready")
    await other.say_only("typing")
    await one.next("typing")
    late = await trial.wire(one.session, cursor="0")
    await late.answer("hi")
    if [frame for frame in late.frames if frame["type"] == "typing"]:
        raise Broken("it was told to who came later")


@check("cross_tenant_attach_4403")
async def cross_tenant(trial: Trial) -> None:
    id = await trial.begun()
    reader = await trial.wire(id, cursor="0")
    await reader.answer("a secret")
    key = await trial.node.order("user", name=trial.subject.new_session())
    try:
        other = await trial.wire(id, key=key)
        expect_end(trial, await other.ended(), close=4403, statuses=(403, 404), error="forbidden")
        frames = other.frames
    except Ended as refused:
        if refused.status not in (403, 404):
            raise Broken(f"it was answered {refused.status}") from refused
        return
    if any("secret" in str(frame) for frame in frames):
        raise Broken("it was told what was said")


@check("access_revoked_midstream")
async def access_revoked(trial: Trial) -> None:
    await _expect_end_of(trial, "hang on")


@check("token_revoked_midstream_closes_4401")
async def token_revoked(trial: Trial) -> None:
    await _expect_end_of(trial, "hang on as well")


async def _expect_end_of(trial: Trial, name: str) -> None:
    token = await trial.node.order("session", key=trial.subject.key)
    await trial.node.script("so far ", {"wait": name})
    session = trial.subject.new_session()
    reader = await trial.wire(session, cursor="0", key=token)
    await reader.ask("Tell me.")
    await reader.next("token")
    await trial.node.order("revoke", token=token)
    async with asyncio.timeout(REVOKED_WITHIN_S):
        ended = await reader.ended()
    # A library may have tried once more before it gave up.
    told = {frame["code"] for frame in reader.frames if frame["type"] == "error"}
    expect_end(trial, ended, close=4401, statuses=(401,), error="unauthorized")
    if trial.transport != "poll" and told != {"unauthorized"}:
        raise Broken(f"it was told {told}")
    again = await knock(trial.transport, trial.subject, headers=bearer(token))
    if again.status != 401:
        raise Broken("the token is good again")


@check("token_refresh_other_user_4403")
async def refresh_other(trial: Trial) -> None:
    node = await trial.spawn()
    soon = await node.order("session", key=node.key)
    other = await node.order("user", name=node.new_session())
    options = {"subject": node, "cursor": "0", "key": soon, "fresh": other}
    reader = await trial.wire(node.new_session(), **options)
    await node.order("advance", seconds=SESSION.total_seconds() - 30)
    await reader.next("auth_expiring")
    with suppress(Ended, TimeoutError):
        await reader.show_fresh()
        raise Broken("it was taken")
    expect_end(trial, await reader.ended(), close=4403, statuses=(), error="forbidden")


@check("token_expires_midstream_refresh_keeps_run")
async def refresh(trial: Trial) -> None:
    node = await trial.spawn()
    soon = await node.order("session", key=node.key)
    await node.script("so far ", {"wait": "refresh"}, "and on")
    options = {"subject": node, "cursor": "0", "key": soon, "fresh": node.key}
    reader = await trial.wire(node.new_session(), **options)
    ack = await reader.ask("Tell me.")
    await reader.next("token")
    await node.order("advance", seconds=SESSION.total_seconds() - 30)
    await reader.next("auth_expiring")
    await reader.show_fresh()
    await node.order("advance", seconds=60)
    await node.release("refresh")
    await reader.turn(ack["turnId"])
    if [frame for frame in reader.frames if frame["type"] == "ready"][1:]:
        raise Broken("it had to connect again")


@check("conversation_deleted_midstream_4404")
async def deleted(trial: Trial) -> None:
    reader = await opened(trial)
    await reader.answer("hi")
    url = f"{trial.subject.url}/api/v1/conversations/{reader.session}"
    async with (
        aiohttp.ClientSession(headers=bearer(trial.subject.key)) as http,
        http.delete(url) as response,
    ):
        if response.status != 204:
            raise Broken(f"it was not deleted: {response.status}")
    ended = await reader.ended()
    # A poll that comes after it cannot be told from one of what never was: nothing is left of it.
    error = ended.error if ended.error == "not_found" and trial.transport == "poll" else "gone"
    expect_end(trial, ended, close=4404, statuses=(404, 410), error=error)
    if trial.transport != "poll":
        errors = [frame for frame in reader.frames if frame["type"] == "error"]
        expect_code(errors[-1], "gone")


def expect_end(
    trial: Trial, ended: Ended, *, close: int, statuses: tuple[int, ...], error: str
) -> None:
    """See how it ended; of a stream, which just ends, the ``error`` frame has said it."""
    if ended.error is not None:
        holds = ended.error == error
    elif trial.transport == "websocket":
        holds = ended.code == close
    else:
        holds = trial.transport == "sse" or ended.status in statuses
    if not holds:
        raise Broken(f"it should end as {error}, but {ended}")
