"""The cases that every client's fold has to agree with: logs, and what they fold into.

``tests/fold/cases.json`` holds them for other languages. After a change here write it again
with ``python -m tests.unit.conversation.fold_cases``.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from groundwire.conversation.fold import Fold
from groundwire.conversation.state import open_approvals
from groundwire.model.events import (
    AnswerReset,
    ApprovalRequired,
    Citation,
    ConversationEvent,
    Done,
    FinishReason,
    MessageCreated,
    Progress,
    Reasoning,
    Recorded,
    Sources,
    Status,
    SteerAccepted,
    SteerApplied,
    SteerFailed,
    Token,
    ToolApproved,
    ToolCalled,
    ToolDenied,
    ToolFailed,
    ToolResult,
    TurnFailed,
    TurnStarted,
    Usage,
)
from groundwire.model.filters import Filter
from groundwire.model.ids import DocumentId, MessageId, PassageId, TurnId
from groundwire.model.sources import Source

SHARED = Path(__file__).parents[2] / "fold" / "cases.json"
SESSION = "c_fold"
Raw = dict[str, Any]

SOURCES = (
    Source(
        id=PassageId("d1:1"),
        n=1,
        document_id=DocumentId("d1"),
        title="Earthing guide.pdf",
        text="The ground wire carries the fault current.",
        score=0.75,
        page=3,
        headings=("What it is for",),
    ),
    Source(
        id=PassageId("d2:7"),
        n=2,
        document_id=DocumentId("d2"),
        title="测量手册.docx",
        text="接地电阻不得超过四欧姆。",
        score=0.5,
    ),
)


PINNED = msgspec.structs.replace(SOURCES[0], pinned=True)
FILTER = Filter(tags=("合同",), types=("pdf",), since=datetime(2026, 1, 1, 8, 30, tzinfo=UTC))


def asked(
    n: int,
    content: str,
    parent: str | None = None,
    *attached: str,
    filter: Filter | None = None,
) -> MessageCreated:
    return MessageCreated(
        turn_id=TurnId(f"t{n}"),
        message_id=MessageId(f"q{n}"),
        role="user",
        content=content,
        author="p1",
        client_message_id=f"k{n}",
        parent_id=None if parent is None else MessageId(parent),
        language="zh" if content > "\u3000" else "en",
        attachments=tuple(map(DocumentId, attached)),
        filter=filter,
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
    return [token(n, piece, offset) for piece, offset in zip(pieces, before, strict=True)]


def token(n: int, piece: str, offset: int) -> Token:
    return Token(
        turn_id=TurnId(f"t{n}"), message_id=MessageId(f"a{n}"), content=piece, offset=offset
    )


def steer(n: int) -> SteerAccepted:
    turn, message, key = TurnId(f"t{n}"), MessageId(f"q{n + 1}"), f"k{n + 1}"
    text = "In English, please."
    return SteerAccepted(
        turn_id=turn, message_id=message, client_message_id=key, content=text, author="p1"
    )


def given_back(n: int, why: str) -> SteerFailed:
    turn, message = TurnId(f"t{n}"), MessageId(f"q{n + 1}")
    return SteerFailed(turn_id=turn, message_id=message, content="In English, please.", reason=why)


def cited(n: int, start: int, end: int, source: int) -> Citation:
    turn, message, id = TurnId(f"t{n}"), MessageId(f"a{n}"), SOURCES[source - 1].id
    return Citation(turn_id=turn, message_id=message, start=start, end=end, source_id=id)


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

TOOL: list[ConversationEvent] = [
    asked(1, "How high may it be?"),
    started(1),
    token(1, "A look. ", 0),
    ToolCalled(
        turn_id=TurnId("t1"),
        tool_call_id="k1",
        message_id=MessageId("a1"),
        name="fetch_page",
        input={"url": "https://example.org/"},
        offset=8,
    ),
    ApprovalRequired(
        turn_id=TurnId("t1"),
        tool_call_id="k1",
        approval_id="ap1",
        name="fetch_page",
        input={"url": "https://example.org/"},
        msg="Fetch https://example.org/?",
        expires_at="2026-11-22T08:10:00.000Z",
        schema={"type": "object"},
    ),
    ToolApproved(turn_id=TurnId("t1"), tool_call_id="k1", approval_id="ap1", author="p1"),
    ToolResult(turn_id=TurnId("t1"), tool_call_id="k1", output="Four ohms at most."),
    token(1, "It may be", 8),
    done(1, "A look. It may be"),
]

LOGS: dict[str, list[ConversationEvent]] = {
    "nothing was asked": [],
    "a question waits for its answer": [asked(1, "Why?")],
    "a question is limited by a filter": [
        asked(1, "Summarise them.", filter=FILTER),
        started(1),
        Sources(turn_id=TurnId("t1"), items=(PINNED,)),
    ],
    "a question has documents attached": [asked(1, "Summarise them.", None, "d1", "d2")],
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
    "an answer is tried again from its beginning": [
        *TURN[:9],
        AnswerReset(turn_id=TurnId("t1"), message_id=MessageId("a1"), to_offset=0),
        found(1),
        *tokens(1, "接地线", "。"),
        done(1, "接地线。"),
    ],
    "an answer is tried again from where a tool was used": [
        *TOOL[:8],
        AnswerReset(turn_id=TurnId("t1"), message_id=MessageId("a1"), to_offset=8),
        token(1, "It is four.", 8),
        done(1, "A look. It is four."),
    ],
    "a tool waits for a person": TOOL[:5],
    "a tool is denied": [
        *TOOL[:5],
        ToolDenied(
            turn_id=TurnId("t1"),
            tool_call_id="k1",
            approval_id="ap1",
            author="p1",
            reason="Not that page.",
        ),
    ],
    "nobody allows a tool in time": [
        *TOOL[:5],
        ToolDenied(
            turn_id=TurnId("t1"),
            tool_call_id="k1",
            approval_id="ap1",
            code="approval_expired",
            reason="Nobody allowed it in time.",
        ),
    ],
    "a tool is allowed with other input, and fails": [
        *TOOL[:5],
        ToolApproved(
            turn_id=TurnId("t1"),
            tool_call_id="k1",
            approval_id="ap1",
            author="p1",
            input={"url": "https://example.org/other"},
        ),
        ToolFailed(
            turn_id=TurnId("t1"),
            tool_call_id="k1",
            code="tool_failed",
            message="The page cannot be reached.",
        ),
    ],
    "a tool was used": TOOL,
    "a correction waits to be applied": [*TURN[:9], steer(1)],
    "a correction is applied": [
        *TURN[:9],
        steer(1),
        done(1, "接地线 🔌", "steered"),
        asked(2, "In English, please.", parent="a1"),
        SteerApplied(
            turn_id=TurnId("t2"),
            message_id=MessageId("q2"),
            client_message_id="k2",
            steered=TurnId("t1"),
        ),
        started(2),
    ],
    "a correction is given back": [
        *TURN[:9],
        steer(1),
        given_back(1, "cancelled"),
        done(1, "接地线 🔌", "cancelled"),
    ],
    "corrections are given back by a turn that ends before it began": [
        asked(1, "Why?"),
        steer(1),
        msgspec.structs.replace(steer(1), message_id=MessageId("q3"), client_message_id=None),
        started(1),
        given_back(1, "error"),
        msgspec.structs.replace(given_back(1, "error"), message_id=MessageId("q3")),
        failed(1),
        done(1, "", "error"),
    ],
    "a question is asked in other words": [
        *TURN,
        msgspec.structs.replace(asked(2, "What is it for?"), fork_of=MessageId("q1")),
        started(2),
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
        "turns": msgspec.to_builtins(list(fold.turns.values())),
        "approvals": msgspec.to_builtins(open_approvals(fold.messages.values())),
    }


def folded(events: Sequence[Raw]) -> Fold:
    fold = Fold()
    fold.add([Recorded(event["seq"], msgspec.json.encode(event)) for event in events])
    return fold


if __name__ == "__main__":
    SHARED.write_bytes(encoded(cases()))
