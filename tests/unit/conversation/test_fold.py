"""The fold, and the cases that every other client's fold has to agree with.

``tests/fold/cases.json`` holds logs and the snapshots they fold into. After a change to the
cases below, write it again with ``python tests/unit/conversation/test_fold.py``.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from groundwire.conversation.fold import Fold, Message
from groundwire.model.events import (
    Citation,
    ConversationEvent,
    Done,
    FinishReason,
    MessageCreated,
    Progress,
    Reasoning,
    Recorded,
    Source,
    Sources,
    Status,
    Token,
    TurnFailed,
    TurnStarted,
    Usage,
)
from groundwire.model.ids import ChunkId, DocumentId, MessageId, TurnId

SHARED = Path(__file__).parents[2] / "fold" / "cases.json"
SESSION = "c_fold"
Raw = dict[str, Any]

SOURCES = (
    Source(
        id=ChunkId("d1:1"),
        n=1,
        document_id=DocumentId("d1"),
        title="Earthing guide.pdf",
        text="The ground wire carries the fault current.",
        score=0.75,
        page=3,
        headings=("What it is for",),
    ),
    Source(
        id=ChunkId("d2:7"),
        n=2,
        document_id=DocumentId("d2"),
        title="测量手册.docx",
        text="接地电阻不得超过四欧姆。",
        score=0.5,
    ),
)


def asked(n: int, content: str, parent: str | None = None) -> MessageCreated:
    return MessageCreated(
        turn_id=TurnId(f"t{n}"),
        message_id=MessageId(f"q{n}"),
        role="user",
        content=content,
        author="p1",
        client_message_id=f"k{n}",
        parent_id=None if parent is None else MessageId(parent),
        language="zh" if content > "\u3000" else "en",
    )


def started(n: int, question: int | None = None, fork_of: str | None = None) -> TurnStarted:
    return TurnStarted(
        turn_id=TurnId(f"t{n}"),
        message_id=MessageId(f"a{n}"),
        parent_id=MessageId(f"q{question or n}"),
        model="extractive",
        why="No other model is installed.",
        fork_of=None if fork_of is None else MessageId(fork_of),
    )


def status(n: int, status: Status, msg: str) -> Progress:
    return Progress(turn_id=TurnId(f"t{n}"), status=status, msg=msg, detail={"passages": 2})


def found(n: int) -> Sources:
    return Sources(turn_id=TurnId(f"t{n}"), items=SOURCES)


def tokens(n: int, *pieces: str) -> list[ConversationEvent]:
    before = [sum(map(len, pieces[:at])) for at in range(len(pieces))]
    return [
        Token(turn_id=TurnId(f"t{n}"), message_id=MessageId(f"a{n}"), content=piece, offset=offset)
        for piece, offset in zip(pieces, before, strict=True)
    ]


def cited(n: int, start: int, end: int, source: int) -> Citation:
    return Citation(
        turn_id=TurnId(f"t{n}"),
        message_id=MessageId(f"a{n}"),
        start=start,
        end=end,
        source_id=SOURCES[source - 1].id,
    )


def failed(n: int) -> TurnFailed:
    return TurnFailed(
        turn_id=TurnId(f"t{n}"),
        code="model_unavailable",
        message="The model cannot be reached. Try again.",
        retryable=True,
    )


def done(n: int, text: str, reason: FinishReason = "stop") -> Done:
    return Done(
        turn_id=TurnId(f"t{n}"),
        message_id=MessageId(f"a{n}"),
        finish_reason=reason,
        content_hash=sha256(text.encode()).hexdigest(),
        usage=Usage(completion_tokens=4, first_token_ms=12, total_ms=80),
    )


TURN: list[ConversationEvent] = [
    asked(1, "接地线有什么作用？"),
    started(1),
    status(1, "retrieving", "正在搜索知识库…"),
    found(1),
    Reasoning(turn_id=TurnId("t1"), message_id=MessageId("a1"), content="先看", offset=0),
    Reasoning(turn_id=TurnId("t1"), message_id=MessageId("a1"), content="手册。", offset=2),
    status(1, "generating", "正在写回答…"),
    *tokens(1, "接地线", " 🔌", "👩‍🔧", " carries it [1]."),
    cited(1, 0, 20, 1),
    *tokens(1, "\n\n", "四欧姆 [2]。"),
    cited(1, 26, 29, 2),
    done(1, "接地线 🔌👩‍🔧 carries it [1].\n\n四欧姆 [2]。"),
]
AGAIN: list[ConversationEvent] = [
    status(2, "queued", "Waiting…"),
    started(2, question=1, fork_of="a1"),
    found(2),
    *tokens(2, "In other words."),
]

LOGS: dict[str, list[ConversationEvent]] = {
    "nothing was asked": [],
    "a question waits for its answer": [asked(1, "Why?")],
    "a whole turn": TURN,
    "an answer half said": TURN[:9],
    "a second question waits while the first is answered": [
        *TURN[:9],
        asked(2, "And then?", parent="a1"),
        status(2, "queued", "Waiting…"),
    ],
    "a second question is answered after the first": [
        *TURN,
        asked(2, "And then?", parent="a1"),
        started(2),
        *tokens(2, "Nothing more."),
        done(2, "Nothing more."),
    ],
    "another answer to the same question is running": [*TURN, *AGAIN],
    "another answer to the same question is a branch": [
        *TURN,
        *AGAIN,
        done(2, "In other words."),
        asked(3, "More?", parent="a2"),
    ],
    "a turn that fails keeps what it said": [
        asked(1, "Why?"),
        started(1),
        *tokens(1, "Because"),
        failed(1),
        done(1, "Because", "error"),
    ],
    "a turn that is stopped keeps what it said": [
        asked(1, "Why?"),
        started(1),
        *tokens(1, "Because", " of"),
        done(1, "Because of", "cancelled"),
    ],
    "a turn that is withdrawn before it began has an empty answer": [
        *TURN[:9],
        asked(2, "And then?", parent="a1"),
        started(2),
        done(2, "", "cancelled"),
    ],
}


def recorded(events: Sequence[ConversationEvent]) -> list[Raw]:
    """The events with their envelopes, a second apart."""
    return [
        msgspec.to_builtins(event)
        | {"sessionId": SESSION, "seq": at, "ts": f"2026-11-22T08:00:{at:02}.000Z"}
        for at, event in enumerate(events, 1)
    ]


def cases() -> list[Raw]:
    found = [(name, recorded(events)) for name, events in LOGS.items()]
    whole = recorded(TURN)
    strange = {"type": "aurora", "turnId": "t9", "sessionId": SESSION, "ts": whole[4]["ts"]}
    later = [event | {"seq": event["seq"] + 1} for event in whole[4:]]
    found.append(("an unknown type is passed over", [*whole[:4], strange | {"seq": 5}, *later]))
    merged = whole[7] | {"content": "接地线 🔌👩‍🔧", "seq": 10, "covers": [8, 10]}
    found.append(("tokens that were merged", [*whole[:7], merged, *whole[10:]]))
    return [
        {"name": name, "events": events, "snapshot": snapshot_of(events)} for name, events in found
    ]


def encoded(cases: Sequence[Raw]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(cases), indent=1) + b"\n"


def snapshot_of(events: Sequence[Raw]) -> Raw:
    """The fields of a snapshot that the events decide."""
    fold = folded(events)
    messages = msgspec.to_builtins(list(fold.messages.values()))
    return {
        "sessionId": SESSION,
        "cursor": f"e:{fold.seq}",
        "messages": messages,
        "turn": msgspec.to_builtins(fold.running),
    }


def folded(events: Sequence[Raw]) -> Fold:
    fold = Fold()
    fold.add([Recorded(event["seq"], msgspec.json.encode(event)) for event in events])
    return fold


def answer_of(events: Sequence[ConversationEvent], id: str = "a1") -> Message:
    return folded(recorded(events)).messages[MessageId(id)]


def test_the_shared_cases_are_what_this_fold_makes_of_them() -> None:
    assert msgspec.json.decode(SHARED.read_bytes()) == msgspec.json.decode(encoded(cases()))


def test_an_answer_is_its_tokens_in_order_with_its_sources_and_citations() -> None:
    answer = answer_of(TURN)

    assert answer.content == "接地线 🔌👩‍🔧 carries it [1].\n\n四欧姆 [2]。"
    assert answer.content_hash == sha256(answer.content.encode()).hexdigest()
    assert answer.reasoning == "先看手册。"
    assert answer.sources == SOURCES
    assert [answer.content[each.start : each.end] for each in answer.citations] == [
        "接地线 🔌👩‍🔧 carries it ",
        "四欧姆",
    ]
    assert (answer.status, answer.finish_reason) == ("complete", "stop")


def test_what_runs_is_the_oldest_turn_that_is_not_done() -> None:
    half = folded(recorded(LOGS["a second question waits while the first is answered"]))
    whole = folded(recorded(TURN))

    assert half.running is not None
    assert (half.running.turn_id, half.running.status) == ("t1", "generating")
    assert half.running.content == half.messages[MessageId("a1")].content
    assert whole.running is None


def test_a_failed_turn_says_why_and_keeps_its_text() -> None:
    answer = answer_of(LOGS["a turn that fails keeps what it said"])

    assert answer.error is not None
    assert (answer.error.code, answer.error.retryable) == ("model_unavailable", True)
    assert (answer.content, answer.finish_reason) == ("Because", "error")


def test_a_branch_is_the_path_to_its_leaf() -> None:
    fold = folded(recorded([*TURN, *AGAIN]))

    assert [message.message_id for message in fold.path(MessageId("a1"))] == ["q1", "a1"]
    assert [message.message_id for message in fold.path(MessageId("a2"))] == ["q1", "a2"]


def test_what_belongs_to_no_answer_is_passed_over() -> None:
    fold = folded(recorded([asked(1, "Why?"), *tokens(1, "Because"), done(2, "")]))

    assert list(fold.messages) == ["q1"]
    assert fold.path(MessageId("a1")) == []


@pytest.mark.parametrize("cut", range(len(TURN) + 1))
def test_a_log_folded_in_two_parts_is_the_log_folded_at_once(cut: int) -> None:
    events = [Recorded(event["seq"], msgspec.json.encode(event)) for event in recorded(TURN)]
    fold = Fold()
    fold.add(events[:cut])
    fold.add(events[cut:])

    assert fold.messages == folded(recorded(TURN)).messages


if __name__ == "__main__":
    SHARED.write_bytes(encoded(cases()))
