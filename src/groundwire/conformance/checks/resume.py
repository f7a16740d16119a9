"""The log and its cursors."""

import asyncio

from groundwire.conformance.checks.words import LONG, joined, text_of
from groundwire.conformance.proxy import Proxy
from groundwire.conformance.raw import RawWire
from groundwire.conformance.seen import Broken, Frame
from groundwire.conformance.subject import Spawned, Subject
from groundwire.conformance.trial import Trial, check
from groundwire.conformance.wire import Wire


async def told_anew(trial: Trial, session: str, cursor: str, *reasons: str) -> None:
    """See that ``cursor`` is not served, that this is said, and that a snapshot comes instead."""
    reader = await trial.wire(session, cursor=cursor)
    reason = await reader.unserved()
    if reason is None:
        raise Broken(f"the cursor {cursor} was served")
    if reason not in reasons:
        raise Broken(f"the reason should be {' or '.join(reasons)}, but was {reason}")
    await reader.next("snapshot")
    reader.seen.check_all()
    await reader.answer("and on")
    await reader.aclose()


async def whole(trial: Trial, content: str = "Tell me.") -> tuple[Wire, list[Frame]]:
    """Have a question answered in a new session; return its reader and the events of the turn."""
    reader = await trial.wire(trial.subject.new_session(), cursor="0")
    return reader, await reader.answer(content)


def places_in(reader: Wire, events: list[Frame]) -> list[int]:
    """Return where ``reader`` stood: before ``events``, and after each that it did not take at
    once with the next.
    """
    return [
        events[0]["seq"] - 1,
        *(event["seq"] for event in events if reader.stood_after(event)),
    ]


@check("seq_contiguous")
async def seq_contiguous(trial: Trial) -> None:
    reader = await trial.wire(trial.subject.new_session(), cursor="0")
    for question in ("one", "two"):
        await reader.answer(question)
    spans = [
        frame.get("covers") or (frame["seq"], frame["seq"])
        for frame in reader.frames
        if "seq" in frame
    ]
    ends = [0, *(last for _, last in spans)]
    if [first for first, _ in spans] != [end + 1 for end in ends[:-1]]:
        raise Broken(f"positions were {spans}")


@check("resume_mid_delta_exact_text")
async def resume_mid_delta(trial: Trial) -> None:
    await trial.node.script(*LONG[:40], {"wait": "resume"}, *LONG[40:])
    reader = await trial.wire(trial.subject.new_session(), cursor="0")
    ack = await reader.ask("Tell me.")
    for _ in range(20):
        await reader.next("token")
    await reader.come_back()
    await trial.node.release("resume")
    done = (await reader.turn(ack["turnId"]))[-1]
    if reader.seen.texts[done["messageId"]] != "".join(LONG):
        raise Broken("the text is not what the model said")


@check("resume_at_every_seq")
async def resume_at_every_seq(trial: Trial) -> None:
    reader, events = await whole(trial, "one two three")
    for place in places_in(reader, events):
        cursor = f"{reader.seen.epoch}:{place}"
        rest = [each for each in events if each["seq"] > place]
        again = await trial.wire(reader.session, cursor=cursor)
        again.seen.seq = place
        again.seen.texts = text_of(each for each in events if each["seq"] <= place)
        got: list[Frame] = []
        while rest and (not got or got[-1]["type"] != "done"):
            got.append(await again.event())
        if joined(got) != joined(rest):
            raise Broken(f"after {place} came {[each['seq'] for each in got]}")
        await again.aclose()


@check("resume_at_head_empty")
async def resume_at_head(trial: Trial) -> None:
    reader, _ = await whole(trial)
    again = await trial.wire(reader.session, cursor=reader.seen.cursor)
    again.seen.go_on_from(reader.seen)
    if came := await again.nothing_more():
        raise Broken(f"at the head came {came[0]['type']}")


@check("resume_after_done")
async def resume_after_done(trial: Trial) -> None:
    reader, events = await whole(trial, "one two three")
    places = places_in(reader, events[:-1])
    middle = places[len(places) // 2]
    again = await trial.wire(reader.session, cursor=f"{reader.seen.epoch}:{middle}")
    again.seen.seq = middle
    again.seen.texts = text_of(each for each in events if each["seq"] <= middle)
    await again.next("done")
    again.seen.check_all()


@check("resume_seq_ahead_of_head")
async def resume_ahead(trial: Trial) -> None:
    reader, _ = await whole(trial)
    ahead = f"{reader.seen.epoch}:{reader.seen.seq + 1000}"
    await told_anew(trial, reader.session, ahead, "ahead_of_head")


@check("resume_negative_or_garbage_cursor")
async def resume_garbage(trial: Trial) -> None:
    reader, _ = await whole(trial)
    epoch = reader.seen.epoch
    for cursor in (f"{epoch}:-1", "garbage", f"{epoch}:", ":5", f"{epoch}:1e3", "9" * 400):
        await told_anew(trial, reader.session, cursor, "unreadable", "epoch_changed")


@check("resume_wrong_epoch_snapshot")
async def resume_wrong_epoch(trial: Trial) -> None:
    reader, _ = await whole(trial)
    await told_anew(trial, reader.session, f"elsewhere:{reader.seen.seq}", "epoch_changed")


@check("resume_trimmed_log_snapshot")
async def resume_trimmed(trial: Trial) -> None:
    reader, events = await whole(trial, " ".join(LONG))
    tokens = [event["seq"] for event in events if event["type"] == "token"]
    await trial.node.order("compact")
    inside = tokens[len(tokens) // 2]
    await told_anew(trial, reader.session, f"{reader.seen.epoch}:{inside}", "compacted")


@check("resume_compacted_covers")
async def resume_compacted(trial: Trial) -> None:
    reader, events = await whole(trial, " ".join(LONG))
    await trial.node.order("compact")
    again = await trial.wire(reader.session, cursor="0")
    await again.next("done")
    again.seen.check_all()
    merged = [frame["covers"] for frame in again.frames if "covers" in frame]
    if not merged:
        raise Broken("nothing was merged")
    if again.seen.seq != events[-1]["seq"]:
        raise Broken("the positions are not those from before")


@check("resume_while_live_no_gap_no_dup")
async def resume_while_live(trial: Trial) -> None:
    await trial.node.script(*LONG, {"pause": 0.05}, *LONG)
    reader = await trial.wire(trial.subject.new_session(), cursor="0")
    ack = await reader.ask("Tell me.")
    # They attach at whatever moment they come to it, while tokens are being written.
    others = [await trial.wire(reader.session, cursor="0") for _ in range(8)]
    for each in (reader, *others):
        await each.turn(ack["turnId"])
        each.seen.check_all()


@check("tail_loss_detected_by_ping_head")
async def tail_loss(trial: Trial) -> None:
    reader, events = await whole(trial)
    if isinstance(reader, RawWire):
        pong = await reader.say("ping")
        if pong["head"].get(reader.session) != events[-1]["seq"]:
            raise Broken(f"the head should be {events[-1]['seq']}, but was told as {pong['head']}")
        return
    # A library has to notice by itself that the end of an answer did not come.
    subject = await trial.spawn() if isinstance(trial.subject, Spawned) else trial.subject
    async with LosesDone(subject) as proxy:
        reader = await trial.wire(subject.new_session(), subject=proxy.in_front)
        ack = await reader.ask("Tell me.")
        await proxy.lost.wait()
        if isinstance(subject, Spawned):
            await subject.order("advance", seconds=30)
        await reader.turn(ack["turnId"])


class LosesDone(Proxy):
    """Loses the first frame of a socket that tells of the end of a turn."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self.lost = asyncio.Event()

    def change(self, data: bytes) -> bytes:
        at = data.find(b'"type":"done"')
        if at < 0 or self.lost.is_set():
            return data
        self.lost.set()
        begin = data.rfind(b"\x81", 0, at)
        size = data[begin + 1]
        end = begin + 2 + size
        if size == 126:
            end = begin + 4 + int.from_bytes(data[begin + 2 : begin + 4], "big")
        return data[:begin] + data[end:]


@check("doorbell_lost_audit_catches")
async def doorbell_lost(trial: Trial) -> None:
    node = await trial.spawn()
    await node.order("wakes", on=False)
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    await reader.answer("hello?")


@check("kill_connection_every_100ms_final_hash_equal")
async def kill_every_100ms(trial: Trial) -> None:
    await trial.node.script(*(step for word in LONG for step in (word, {"pause": 0.01})))
    reader = await trial.wire(trial.subject.new_session(), cursor="0")
    ack = await reader.ask("Tell me.")
    done = asyncio.create_task(reader.turn(ack["turnId"]))
    while not done.done():
        await asyncio.wait([done], timeout=0.1)
        if not done.done():
            done.cancel()
            await asyncio.gather(done, return_exceptions=True)
            if reader.seen.hashes:
                break
            await reader.come_back()
            done = asyncio.create_task(reader.turn(ack["turnId"]))
    reader.seen.check_all()


@check("replay_larger_than_send_budget")
async def large_replay(trial: Trial) -> None:
    piece = "All work and no play makes Jack a dull boy. " * 200
    await trial.node.script(*[piece] * 200)
    reader = await trial.wire(trial.subject.new_session(), cursor="0")
    await reader.answer("Tell me.")
    again = await trial.wire(reader.session, cursor="0")
    await again.next("done")
    again.seen.check_all()
    if again.seen.texts != reader.seen.texts:
        raise Broken("the replay is another text")
