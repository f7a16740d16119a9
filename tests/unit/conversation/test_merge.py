"""Pieces of a text become one event, and such an event can be cut again."""

import json
from collections.abc import Sequence
from typing import Any

from groundwire.conversation.merge import merge, rest
from groundwire.model.events import ConversationEvent, Reasoning, Recorded
from groundwire.model.ids import MessageId, TurnId
from tests.unit.conversation.fold_cases import TURN, asked, recorded, started, token, tokens

HEAD: list[ConversationEvent] = [asked(1, "Why?"), started(1)]


def stored(events: Sequence[ConversationEvent]) -> list[Recorded]:
    return [
        Recorded(event["seq"], json.dumps(event, separators=(",", ":")).encode())
        for event in recorded(events)
    ]


def merged(events: Sequence[ConversationEvent], *, more: bool = False) -> list[Any]:
    return [json.loads(each.data) for each in merge(stored(events), more=more)[0]]


def thought(content: str, offset: int) -> Reasoning:
    return Reasoning(
        turn_id=TurnId("t1"), message_id=MessageId("a1"), content=content, offset=offset
    )


def test_adjacent_tokens_become_one_with_the_place_of_the_last() -> None:
    events = recorded([*HEAD, *tokens(1, "接地线", " 🔌", "!")])
    (one,) = merged([*HEAD, *tokens(1, "接地线", " 🔌", "!")])

    assert one == events[4] | {"content": "接地线 🔌!", "offset": 0, "covers": [3, 5]}


def test_a_whole_turn_is_merged_where_nothing_stands_between() -> None:
    found = [(each["type"], each["covers"]) for each in merged(TURN)]

    assert found == [("reasoning", [5, 6]), ("token", [8, 11]), ("token", [13, 14])]


def test_a_text_that_does_not_go_on_is_not_merged() -> None:
    assert merged([*HEAD, token(1, "a", 0), token(1, "b", 0)]) == []
    assert merged([*HEAD, token(1, "a", 0), token(2, "b", 1)]) == []
    assert merged([*HEAD, token(1, "a", 0), thought("b", 1)]) == []


def test_what_is_merged_already_is_merged_further() -> None:
    events = stored([*HEAD, *tokens(1, "a", "b", "c")])
    (one,), _ = merge(events[:4], more=False)

    (whole,), _ = merge([*events[:2], Recorded(one.seq, one.data), events[4]], more=False)

    assert (whole.first, whole.seq) == (3, 5)
    assert json.loads(whole.data)["content"] == "abc"


def test_a_text_that_may_go_on_is_left_for_the_next_time() -> None:
    first, second = tokens(1, "a", "b"), tokens(2, "c", "d")

    done, up_to = merge(stored([*HEAD, *first, *second]), more=True)
    assert ([each.seq for each in done], up_to) == ([4], 4)
    done, up_to = merge(stored(first), more=True)
    assert ([each.seq for each in done], up_to) == ([2], 2)
    done, up_to = merge(stored([*first, asked(2, "And?")]), more=True)
    assert ([each.seq for each in done], up_to) == ([2], 3)


def test_of_a_merged_event_that_part_is_left_which_a_reader_has_not() -> None:
    events = stored([*HEAD, *tokens(1, "接地", " 🔌", "!")])
    (one,), _ = merge(events, more=False)

    left = rest(Recorded(one.seq, one.data), events[2])

    body = json.loads(left.data)
    assert (left.seq, body["seq"], body["covers"]) == (5, 5, [4, 5])
    assert (body["content"], body["offset"]) == (" 🔌!", 2)
