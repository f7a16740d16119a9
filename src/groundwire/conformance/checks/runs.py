"""Answers: their one end, stopping, correcting, failing and going on."""

from contextlib import suppress

from groundwire.conformance.checks.framing import expect_code
from groundwire.conformance.checks.messages import busy, opened
from groundwire.conformance.raw import RawWire
from groundwire.conformance.seen import Broken, Frame
from groundwire.conformance.subject import Spawned
from groundwire.conformance.trial import Trial, check
from groundwire.conformance.wire import Ended, Wire


def expect_end(events: list[Frame], reason: str) -> Frame:
    done = events[-1]
    if done["finishReason"] != reason:
        raise Broken(f"it should end as {reason}, but ended as {done['finishReason']}")
    return done


def expect_text(reader: Wire, message: str, text: str) -> None:
    if (is_text := reader.seen.texts.get(message, "")) != text:
        raise Broken(f"the text should be {text!r}, but is {is_text!r}")


@check("cancel_before_first_token")
async def cancel_before_token(trial: Trial) -> None:
    await trial.node.script({"hang": True})
    reader = await opened(trial)
    ack = await reader.ask("Tell me.")
    await reader.next("turn.started")
    await reader.say("cancel")
    done = expect_end(await reader.turn(ack["turnId"]), "cancelled")
    expect_text(reader, done["messageId"], "")


@check("cancel_before_run_id")
async def cancel_by_client_id(trial: Trial) -> None:
    await trial.node.script({"hang": True})
    reader = await opened(trial)
    ack = await reader.ask("Tell me.", clientMessageId="k")
    answer = await reader.say("cancel", clientMessageId="k")
    if answer.get("turnId") != ack["turnId"]:
        raise Broken(f"the cancel was answered by {answer}")
    expect_end(await reader.turn(ack["turnId"]), "cancelled")


@check("cancel_midstream_partial_kept")
async def cancel_midstream(trial: Trial) -> None:
    reader, ack = await busy(trial, "never")
    await reader.say("cancel", turnId=ack["turnId"])
    done = expect_end(await reader.turn(ack["turnId"]), "cancelled")
    expect_text(reader, done["messageId"], "so far ")


@check("cancel_after_done_noop")
async def cancel_after_done(trial: Trial) -> None:
    reader = await opened(trial)
    events = await reader.answer("hi")
    answer = await reader.say("cancel", turnId=events[-1]["turnId"])
    if answer["type"] != "ack" or not answer.get("noop"):
        raise Broken(f"it should be an ack with noop, but was {answer}")
    if await reader.nothing_more():
        raise Broken("something was recorded")


@check("cancel_twice")
async def cancel_twice(trial: Trial) -> None:
    reader, ack = await busy(trial, "never again")
    await reader.say("cancel")
    await reader.say("cancel")
    expect_end(await reader.turn(ack["turnId"]), "cancelled")
    if [event for event in await reader.nothing_more() if event["type"] == "done"]:
        raise Broken("it ended twice")


@check("cancel_by_non_member_forbidden")
async def cancel_by_other(trial: Trial) -> None:
    session = await trial.begun()
    await trial.node.script("so far ", {"wait": "other"}, "and on")
    reader = await trial.wire(session, cursor="0")
    ack = await reader.ask("Tell me.")
    await reader.next("token")
    key = await trial.node.order("user", name=trial.subject.new_session())
    if isinstance(reader, RawWire):
        # A name that somebody invented is theirs alone, and means another conversation here.
        for of in (session, (await opened(trial)).session):
            other = await trial.wire(trial.subject.new_session(), key=key)
            await _expect_refused(other, sessionId=of)
    else:
        with suppress(Ended):
            await _expect_refused(await trial.wire(session, key=key))
    await trial.node.release("other")
    expect_end(await reader.turn(ack["turnId"]), "stop")


async def _expect_refused(other: Wire, **of: object) -> None:
    try:
        answer = await other.say("cancel", **of)
    except Ended as ended:
        if ended.code != 4403:
            raise Broken(f"it was closed {ended.code}") from ended
    else:
        expect_code(answer, "forbidden", "not_found", "invalid_field")


@check("disconnect_is_not_cancel")
async def disconnect(trial: Trial) -> None:
    reader, ack = await busy(trial, "gone")
    reader.cut()
    await trial.node.release("gone")
    await reader.come_back()
    done = expect_end(await reader.turn(ack["turnId"]), "stop")
    expect_text(reader, done["messageId"], "so far and on")


@check("exactly_one_terminal")
async def one_terminal(trial: Trial) -> None:
    reader = await opened(trial)
    ack = await reader.ask("hi")
    await reader.turn(ack["turnId"])
    await reader.nothing_more()
    of_turn = [frame["type"] for frame in reader.frames if frame.get("turnId") == ack["turnId"]]
    if of_turn.count("done") != 1:
        raise Broken(f"the turn was {of_turn}")


@check("no_event_after_terminal")
async def nothing_after_terminal(trial: Trial) -> None:
    reader = await opened(trial)
    ack = await reader.ask("hi")
    await reader.turn(ack["turnId"])
    for command in ("cancel", "steer"):
        await reader.say(command, turnId=ack["turnId"], content="x")
    later = [event for event in await reader.nothing_more() if event["turnId"] == ack["turnId"]]
    if later:
        raise Broken(f"after done came {later[0]['type']}")


@check("steer_accepted_applied")
async def steer_applied(trial: Trial) -> None:
    reader, first = await busy(trial, "steered")
    await trial.node.script("better")
    ack = await reader.say("steer", content="No.", clientMessageId="s")
    accepted = await reader.next("steer.accepted")
    if accepted["turnId"] != first["turnId"] or accepted["content"] != "No.":
        raise Broken(f"it was accepted as {accepted}")
    expect_end(await reader.turn(first["turnId"]), "steered")
    events = await reader.turn(ack["turnId"])
    if "steer.applied" not in [event["type"] for event in events]:
        raise Broken("it was not said that it was applied")
    expect_text(reader, expect_end(events, "stop")["messageId"], "better")


@check("steer_after_done_failed_returned")
async def steer_too_late(trial: Trial) -> None:
    reader = await opened(trial)
    await reader.answer("hi")
    answer = await reader.say("steer", content="No.", clientMessageId="s")
    if answer["type"] != "steer.failed" or answer["content"] != "No.":
        raise Broken(f"it should be given back, but was answered by {answer}")


async def using_tool(trial: Trial) -> tuple[Wire, Frame]:
    """Return a reader of a conversation whose tool is used until ``release("pen")``."""
    await trial.node.script({"use": "note", "input": {"text": "slowly", "wait": True}})
    reader = await opened(trial)
    ack = await reader.ask("Take a note.")
    required = await reader.next("tool.approval_required")
    await reader.say("tool_approval", approvalId=required["approvalId"], approved=True)
    await reader.next("tool.approved")
    return reader, ack


async def steer_given_back(trial: Trial) -> None:
    """A correction that waits for a tool while somebody cancels is there for who comes later."""
    reader, ack = await using_tool(trial)
    await reader.say("steer", content="And stop.", clientMessageId="s")
    await reader.say("cancel")
    events = await reader.turn(ack["turnId"])
    expect_end(events, "cancelled")
    if [event["content"] for event in events if event["type"] == "steer.failed"] != ["And stop."]:
        raise Broken(f"it should be given back, but came {events}")
    snapshot = await (await trial.wire(reader.session)).next("snapshot")
    returned = snapshot["messages"][-1].get("returned", [])
    if [(each["content"], each["reason"]) for each in returned] != [("And stop.", "cancelled")]:
        raise Broken(f"who comes later is told of {returned}")


@check("steer_during_tool")
async def steer_during_tool(trial: Trial) -> None:
    await steer_given_back(trial)
    reader, ack = await using_tool(trial)
    corrected = await reader.say("steer", content="And stop.")
    await reader.next("steer.accepted")
    await trial.node.release("pen")
    events = await reader.turn(ack["turnId"])
    if [event["type"] for event in events if event["type"] != "status"] != ["tool.result", "done"]:
        raise Broken(f"the tool should come to its end first, but came {events}")
    expect_end(events, "steered")
    await reader.turn(corrected["turnId"])


@check("model_error_midstream_immediate")
async def model_error(trial: Trial) -> None:
    await trial.node.script("so far", {"fail": "model_unavailable"})
    reader = await opened(trial)
    events = await reader.answer("hi")
    error, done = events[-2:]
    if error["type"] != "error" or not error["retryable"] or not error["message"]:
        raise Broken(f"before the end came {error}")
    expect_code(error, "model_unavailable")
    expect_end([done], "error")
    expect_text(reader, done["messageId"], "so far")


@check("upstream_hang_timeout")
async def upstream_hang(trial: Trial) -> None:
    node = await trial.spawn(turn_timeout=0.5)
    await node.script("so far", {"hang": True})
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    events = await reader.answer("hi")
    expect_code(events[-2], "upstream_timeout")
    expect_end(events, "error")


@check("retrieval_failure_reported_or_degraded")
async def retrieval_failure(trial: Trial) -> None:
    node = await trial.spawn()
    await node.upload("note.txt", "The lamp is in the cellar.")
    await node.order("break_search")
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    events = await reader.answer("Where is the lamp?")
    if events[-1]["finishReason"] == "error":
        expect_code(events[-2], "retrieval_failed")
    elif not any(event["type"] == "status" and event.get("msg") for event in events):
        raise Broken("the answer went on and nothing was said")


@check("zero_sources")
async def zero_sources(trial: Trial) -> None:
    node = await trial.spawn()
    await node.upload("note.txt", "The lamp is in the cellar.")
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    question = "Wie viele Monde hat der Jupiter?"
    events = await reader.answer(question, options={"tools": []})
    sources = [event for event in events if event["type"] == "sources"]
    if not sources or sources[0]["items"]:
        raise Broken(f"the sources should be none, but were {sources}")
    if (await node.order("asked"))["requests"]:
        raise Broken("a model was asked to invent something")


@check("worker_kill9_worker_lost_or_takeover")
async def kill_9(trial: Trial) -> None:
    node = await trial.spawn()
    reader = await _killed(trial, node)
    await node.restart(["all ", "of it"])
    await reader.come_back()
    await reader.next("done")
    reader.seen.check_all()


@check("step_retry_answer_reset")
async def retry_resets(trial: Trial) -> None:
    node = await trial.spawn()
    reader = await _killed(trial, node)
    await node.restart(["all ", "of it"])
    await reader.come_back()
    reset = await reader.next("answer.reset")
    done = await reader.next("done")
    if reset["toOffset"] != 0:
        raise Broken(f"it kept {reset['toOffset']} characters")
    reader.seen.check_all()
    expect_text(reader, done["messageId"], "all of it")


@check("regenerate_fork")
async def regenerate(trial: Trial) -> None:
    reader = await opened(trial)
    first = (await reader.answer("hi"))[-1]
    ack = await reader.say("regenerate", messageId=first["messageId"])
    events = await reader.turn(ack["turnId"])
    started = next(event for event in events if event["type"] == "turn.started")
    if started.get("forkOf") != first["messageId"]:
        raise Broken(f"it should be a fork of the first answer, but is {started}")
    if len(reader.seen.texts) != 2:
        raise Broken("the first answer is gone")


async def _killed(trial: Trial, node: Spawned) -> Wire:
    """Return a reader of an answer in whose middle the server was killed."""
    await node.script("half ", {"hang": True})
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    await reader.ask("Tell me.")
    await reader.next("token")
    await node.kill()
    return reader
