"""What the events of a conversation fold into."""

from collections.abc import Sequence
from hashlib import sha256

import msgspec
import pytest

from groundwire.conversation.fold import Fold
from groundwire.conversation.state import Message
from groundwire.model.events import ConversationEvent, Recorded
from groundwire.model.ids import MessageId, TurnId
from tests.unit.conversation.fold_cases import (
    AGAIN,
    LOGS,
    SHARED,
    SOURCES,
    TURN,
    asked,
    cases,
    done,
    encoded,
    folded,
    given_back,
    recorded,
    steer,
    tokens,
)


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


def test_a_new_attempt_keeps_what_stood_before_the_tool_was_used() -> None:
    answer = answer_of(LOGS["an answer is tried again from where a tool was used"])

    assert answer.content == "A look. It is four."
    assert [use.status for use in answer.tools] == ["done"]


def test_what_belongs_to_no_answer_is_passed_over() -> None:
    fold = folded(recorded([asked(1, "Why?"), *tokens(1, "Because"), done(2, "")]))

    assert list(fold.messages) == ["q1"]
    assert fold.path(MessageId("a1")) == []


def test_what_is_said_of_a_question_or_a_call_that_nobody_knows_is_passed_over() -> None:
    applied = LOGS["a correction is applied"][-2]
    used = LOGS["a tool was used"][-3]
    fold = folded(recorded([asked(1, "Why?"), applied, *TURN[1:2], used]))

    assert list(fold.messages) == ["q1", "a1"]
    assert fold.messages[MessageId("a1")].tools == ()


def test_a_correction_that_is_given_back_is_no_more_waited_for_and_stands_with_its_answer() -> None:
    log = LOGS["corrections are given back by a turn that ends before it began"]
    one_waits = folded(recorded(log[:-3]))
    (returned,) = one_waits.messages[MessageId("a1")].returned

    assert (returned.message_id, returned.content) == ("q2", "In English, please.")
    assert (returned.author, returned.client_message_id, returned.reason) == ("p1", "k2", "error")
    assert [each.message_id for each in one_waits.turns[TurnId("t1")].steers] == ["q3"]
    assert [each.message_id for each in answer_of(log).returned] == ["q2", "q3"]


def test_what_is_given_back_and_belongs_to_no_answer_or_to_nobody_is_passed_over() -> None:
    asked_only = folded(recorded([asked(1, "Why?"), steer(1), given_back(1, "cancelled")]))

    assert asked_only.turns[TurnId("t1")].steers == ()
    assert answer_of([*TURN[:9], given_back(1, "cancelled")]).returned == ()


def test_what_becomes_of_one_call_is_not_said_of_another() -> None:
    log = LOGS["a tool was used"]
    other = msgspec.structs.replace(log[3], tool_call_id="k2")  # pyright: ignore[reportCallIssue]

    answer = answer_of([*log[:3], other, *log[3:]])

    assert [use.status for use in answer.tools] == ["called", "done"]


@pytest.mark.parametrize("cut", range(len(TURN) + 1))
def test_a_log_folded_in_two_parts_is_the_log_folded_at_once(cut: int) -> None:
    events = [Recorded(event["seq"], msgspec.json.encode(event)) for event in recorded(TURN)]
    fold = Fold()
    fold.add(events[:cut])
    fold.add(events[cut:])

    assert fold.messages == folded(recorded(TURN)).messages


def test_a_fold_goes_on_from_what_is_known_of_the_log_before() -> None:
    events = [Recorded(event["seq"], msgspec.json.encode(event)) for event in recorded(TURN)]
    whole, before = folded(recorded(TURN)), folded(recorded(TURN[:9]))

    fold = Fold(before.seq, before.turns.values(), before.messages.get)
    fold.add(events[9:])

    assert fold.messages == {MessageId("a1"): whole.messages[MessageId("a1")]}
    assert (fold.seq, fold.turns) == (whole.seq, whole.turns)
    assert fold.find(MessageId("q1")) == whole.messages[MessageId("q1")]
    assert fold.find(MessageId("q2")) is None


def test_the_way_back_is_as_long_as_is_asked_for() -> None:
    fold = folded(recorded(LOGS["another answer to the same question is a branch"]))

    assert [message.message_id for message in fold.path(MessageId("q3"), 2)] == ["a2", "q3"]
    assert fold.path(MessageId("nobody's")) == []


def test_where_its_sources_are_said_is_known_of_an_answer_until_it_begins_anew() -> None:
    assert folded(recorded(TURN)).sources == {MessageId("a1"): 4}
    assert folded(recorded([*TURN[:4], TURN[1]])).sources == {}
