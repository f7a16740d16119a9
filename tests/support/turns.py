"""Turns written to a log without a model: what was said before a test begins."""

from hashlib import sha256

from groundwire.conversation import decide
from groundwire.model.events import Done, Progress, Sources, Token, TurnStarted
from groundwire.model.ids import DocumentId, LogId, MessageId, PassageId, TurnId
from groundwire.model.sources import Source
from groundwire.model.standing import Active
from groundwire.ports.event_log import EventLog

SOURCE = Source(
    id=PassageId("d1:1"),
    n=1,
    document_id=DocumentId("d1"),
    title="Earthing guide.pdf",
    text="The ground wire carries the fault current.",
    score=0.75,
)


async def ask(log: EventLog, id: LogId, n: int, parent: str | None = None) -> None:
    question = decide.Question(
        turn=TurnId(f"t{n}"),
        message=MessageId(f"q{n}"),
        answer=MessageId(f"a{n}"),
        author="alice",
        content=f"Question {n}?",
        client_message_id=f"k{n}",
        parent=MessageId(parent) if parent else None,
        queue_limit=1_000,
    )
    await log.decide(id, lambda desk: decide.ask(desk, question), sync=False)


async def start(log: EventLog, id: LogId) -> Active:
    """Begin the turn that waits longest, up to its first token."""
    active = await log.decide(id, decide.start, sync=False)
    assert active is not None
    asked = active.asked
    begun = (
        TurnStarted(
            turn_id=asked.turn,
            message_id=asked.answer,
            parent_id=asked.question,
            model="scripted",
            fork_of=asked.fork_of,
        ),
        Sources(turn_id=asked.turn, items=(SOURCE,)),
        Progress(turn_id=asked.turn, status="generating", msg="…"),
    )
    await log.append(id, begun, fence=active.fence)
    return active


async def say(log: EventLog, id: LogId, active: Active, *pieces: str, said: str = "") -> str:
    """Append tokens to the answer, of which ``said`` is there; return all of it."""
    tokens: list[Token] = []
    for piece in pieces:
        tokens.append(
            Token(
                turn_id=active.asked.turn,
                message_id=active.asked.answer,
                content=piece,
                offset=len(said),
            )
        )
        said += piece
    await log.append(id, tokens, fence=active.fence)
    return said


async def finish(log: EventLog, id: LogId, active: Active, said: str) -> None:
    done = Done(
        turn_id=active.asked.turn,
        message_id=active.asked.answer,
        finish_reason="stop",
        content_hash=sha256(said.encode()).hexdigest(),
    )
    await log.decide(id, lambda desk: decide.finish(desk, active, done), sync=False)


async def converse(log: EventLog, id: LogId, turns: int, *, first: int = 1) -> None:
    """Say so many whole turns, each following the one before: q1, a1, q2, a2 …"""
    for n in range(first, first + turns):
        await ask(log, id, n)
        active = await start(log, id)
        said = await say(log, id, active, "Answer", f" {n}", " [1]", ".")
        await finish(log, id, active, said)
