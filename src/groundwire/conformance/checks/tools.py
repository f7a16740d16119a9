"""Tools that a person has to allow."""

from groundwire.conformance.checks.framing import expect_code
from groundwire.conformance.seen import Broken, Frame
from groundwire.conformance.subject import Spawned
from groundwire.conformance.trial import Trial, check
from groundwire.conformance.wire import Wire


async def called(trial: Trial, node: Spawned) -> tuple[Wire, Frame, Frame]:
    """Return a reader of an answer that wants a note taken, the ack and what asks to allow it."""
    await node.script({"use": "note", "input": {"text": f"by {trial.transport}"}})
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    ack = await reader.ask("Take a note.")
    required = await reader.next("tool.approval_required")
    if not (required["expiresAt"] and required["msg"] and "schema" in required):
        raise Broken(f"what asks for approval lacks something: {required}")
    await node.script("after that")
    return reader, ack, required


async def allow(reader: Wire, required: Frame) -> Frame:
    return await reader.say("tool_approval", approvalId=required["approvalId"], approved=True)


async def deny(reader: Wire, required: Frame) -> Frame:
    return await reader.say(
        "tool_approval", approvalId=required["approvalId"], approved=False, reason="No."
    )


def kinds(events: list[Frame]) -> list[str]:
    return [event["type"] for event in events if event["type"].startswith("tool.")]


@check("approval_allow")
async def allowed(trial: Trial) -> None:
    reader, ack, required = await called(trial, trial.node)
    await allow(reader, required)
    events = await reader.turn(ack["turnId"])
    if kinds(events) != ["tool.approved", "tool.result"]:
        raise Broken(f"after the approval came {kinds(events)}")
    if events[-1]["finishReason"] != "stop":
        raise Broken("the answer did not go on")


@check("approval_deny")
async def denied(trial: Trial) -> None:
    node = await trial.spawn()
    reader, ack, required = await called(trial, node)
    await deny(reader, required)
    events = await reader.turn(ack["turnId"])
    if kinds(events) != ["tool.denied"] or await node.order("notes"):
        raise Broken(f"after it was denied came {kinds(events)}")
    if "token" not in [event["type"] for event in events]:
        raise Broken("the answer did not go on")


@check("approval_expire")
async def expire(trial: Trial) -> None:
    node = await trial.spawn(approval_timeout=0.3)
    reader, ack, required = await called(trial, node)
    events = await reader.turn(ack["turnId"])
    end = next(event for event in events if event["type"] == "tool.denied")
    expect_code(end, "approval_expired")
    expect_code(await allow(reader, required), "approval_expired")
    if await node.order("notes"):
        raise Broken("it was done all the same")


@check("approval_twice_idempotent")
async def twice(trial: Trial) -> None:
    node = await trial.spawn()
    reader, ack, required = await called(trial, node)
    await allow(reader, required)
    again = await allow(reader, required)
    if not again.get("duplicate"):
        raise Broken(f"the second time was answered by {again}")
    await reader.turn(ack["turnId"])
    if len(await node.order("notes")) != 1:
        raise Broken("it was done twice")


@check("approval_conflict_two_devices")
async def two_devices(trial: Trial) -> None:
    reader, ack, required = await called(trial, trial.node)
    other = await trial.wire(reader.session, cursor="0")
    await deny(reader, required)
    expect_code(await allow(other, required), "conflict")
    await reader.turn(ack["turnId"])


@check("approval_survives_reconnect_and_restart")
async def survives(trial: Trial) -> None:
    node = await trial.spawn()
    reader, _, required = await called(trial, node)
    await reader.come_back()
    await node.kill()
    await node.restart(["after that"])
    again = await trial.wire(reader.session, subject=node)
    snapshot = await again.next("snapshot")
    if [each["approvalId"] for each in snapshot["approvals"]] != [required["approvalId"]]:
        raise Broken(f"the approvals are {snapshot['approvals']}")
    await allow(again, required)
    await again.next("tool.result")
    await again.next("done")


@check("client_tool_result_missing_timeout")
async def client_result_missing(trial: Trial) -> None:
    node = await trial.spawn(approval_timeout=0.3)
    reader, ack, _ = await called(trial, node)
    events = await reader.turn(ack["turnId"])
    if events[-1]["type"] != "done" or kinds(events) != ["tool.denied"]:
        raise Broken(f"without an answer came {kinds(events)}")
