"""A reader that fell behind is sent less, and folds the same."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwire.conversation.coalesce import MERGED, coalesce
from groundwire.conversation.fold import Fold
from groundwire.model.events import Recorded
from tests.unit.conversation.fold_cases import LOGS, SESSION, TURN, recorded

Raw = dict[str, Any]
Said = dict[tuple[str, str], int]


def log(events: list[Raw]) -> list[Recorded]:
    """The events, each after the one before it, with their envelopes."""
    envelope = {"turnId": "t1", "sessionId": SESSION}
    return [
        Recorded(seq, msgspec.json.encode(event | envelope | {"seq": seq, "ts": f"{seq}"}))
        for seq, event in enumerate(events, 1)
    ]


def piece(content: str, offset: int, *, message: str = "a1", type: str = "token") -> Raw:
    return {"type": type, "messageId": message, "content": content, "offset": offset}


def decoded(events: list[Recorded]) -> list[Raw]:
    return [msgspec.json.decode(event.data) for event in events]


def folded(events: list[Recorded]) -> tuple[int, object, object]:
    fold = Fold()
    fold.add(events)
    return fold.seq, msgspec.to_builtins(fold.messages), msgspec.to_builtins(fold.turns)


@st.composite
def logs(draw: st.DrawFn) -> list[Recorded]:
    """Logs in which two answers are written at once, withdrawn and written on."""
    said: Said = {}
    begun = [
        {"type": "turn.started", "messageId": f"a{n}", "parentId": "q", "model": "m"}
        for n in (1, 2)
    ]
    events: list[Raw] = [event | {"turnId": event["messageId"]} for event in begun]
    for step in draw(st.lists(st.sampled_from("ttttttrc!?"), max_size=60)):
        message = draw(st.sampled_from(("a1", "a1", "a1", "a2")))
        events.append(STEPS[step](draw, message, said) | {"turnId": message})
    return [
        Recorded(seq, msgspec.json.encode(event | {"sessionId": SESSION, "seq": seq, "ts": "1"}))
        for seq, event in enumerate(events, 1)
    ]


def text(type: str) -> Callable[[st.DrawFn, str, Said], Raw]:
    def say(draw: st.DrawFn, message: str, said: Said) -> Raw:
        content = draw(st.text('aé世😀\n"\\', max_size=5) | st.just("x" * (MERGED // 3)))
        offset = said.get((message, type), 0)
        said[message, type] = offset + len(content)
        return piece(content, offset, message=message, type=type)

    return say


def reset(draw: st.DrawFn, message: str, said: Said) -> Raw:
    kept = draw(st.integers(0, said.get((message, "token"), 0)))
    said[message, "token"], said[message, "reasoning"] = kept, 0
    return {"type": "answer.reset", "messageId": message, "toOffset": kept}


def cite(draw: st.DrawFn, message: str, said: Said) -> Raw:
    end = said.get((message, "token"), 0)
    return {"type": "citation", "messageId": message, "start": 0, "end": end, "sourceId": "s"}


def strange(draw: st.DrawFn, message: str, said: Said) -> Raw:
    return {"type": "aurora", "content": "?", "offset": 0, "messageId": message}


STEPS: dict[str, Callable[[st.DrawFn, str, Said], Raw]] = {
    "t": text("token"),
    "r": text("reasoning"),
    "c": cite,
    "!": reset,
    "?": strange,
}


@given(logs(), st.data())
def test_whatever_is_merged_folds_the_same_and_covers_what_it_stands_for(
    events: list[Recorded], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(events)))
    merged = coalesce(events[cut:])

    assert folded(events[:cut] + merged) == folded(events)
    assert coalesce(merged) == merged
    at = cut
    for event in decoded(merged):
        first, last = event.get("covers", (event["seq"], event["seq"]))
        assert first == at + 1
        at = last
    assert at == len(events)


@pytest.mark.parametrize("name", list(LOGS))
def test_every_shared_log_folds_the_same(name: str) -> None:
    events = [Recorded(each["seq"], msgspec.json.encode(each)) for each in recorded(LOGS[name])]

    assert folded(coalesce(events)) == folded(events)
    assert folded(coalesce(coalesce(events))) == folded(events)


def test_pieces_of_one_text_become_one_event() -> None:
    events = [Recorded(each["seq"], msgspec.json.encode(each)) for each in recorded(TURN)]
    pieces = [event for event in decoded(events) if event["type"] == "token"]
    merged = [event for event in decoded(coalesce(events)) if event["type"] == "token"]

    assert len(merged) < len(pieces)
    assert "".join(e["content"] for e in merged) == "".join(e["content"] for e in pieces)


def test_what_is_merged_is_told_in_full() -> None:
    events = log([piece("接地", 0), piece("线 🔌", 2), piece("!", 5)])

    assert decoded(coalesce(events)) == [
        piece("接地线 🔌!", 0)
        | {"turnId": "t1", "covers": [1, 3], "sessionId": SESSION, "seq": 3, "ts": "3"}
    ]
    assert coalesce(events)[0].seq == 3


def test_what_was_merged_before_is_merged_further() -> None:
    stored = log([piece("ab", 0) | {"covers": [1, 2]}, piece("c", 2)])
    events = [
        Recorded(at, stored[n].data.replace(b'"seq":%d' % (n + 1), b'"seq":%d' % at))
        for n, at in enumerate((2, 3))
    ]

    assert decoded(coalesce(events))[0]["covers"] == [1, 3]


@pytest.mark.parametrize(
    "second",
    [
        piece("b", 1, message="a2"),
        piece("b", 1, type="reasoning"),
        piece("b", 7),
        piece("b", 1) | {"future": True},
        {"type": "citation", "messageId": "a1", "start": 0, "end": 1, "sourceId": "s"},
        piece("x" * MERGED, 1),
    ],
    ids=["message", "kind", "a gap in the text", "an unknown field", "no text", "too long"],
)
def test_what_does_not_belong_together_stays_byte_for_byte(second: Raw) -> None:
    events = log([piece("a", 0), second])

    assert coalesce(events) == events


def test_a_hole_in_the_log_is_not_covered() -> None:
    first, _, third = log([piece("a", 0), piece("", 1), piece("b", 1)])

    assert coalesce([first, third]) == [first, third]


def test_nothing_is_merged_into_nothing() -> None:
    assert coalesce([]) == []
