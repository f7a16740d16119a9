"""What is said to people, and what to programs."""

import pytest

from groundwire.model.errors import (
    ApprovalExpired,
    BadJson,
    Busy,
    ConnectionLimit,
    FeedFailed,
    Fenced,
    GroundwireError,
    IdempotencyConflict,
    Idle,
    Interrupted,
    InvalidField,
    NotFound,
    OtherSpace,
    QueueFull,
    RateLimited,
    RetrievalFailed,
    SlowReader,
    TokenExpired,
    TooLarge,
    Unauthorized,
    UnknownModel,
    UnknownType,
    UnreadableDocument,
    UnrecoverableCursor,
)

SAID: list[GroundwireError] = [
    BadJson(), Busy(), Fenced(), IdempotencyConflict(), Idle(), Interrupted(), RetrievalFailed(),
    ApprovalExpired(), SlowReader(), TokenExpired(), Unauthorized(), NotFound("conversation"),
    OtherSpace("384 numbers", "768 numbers"),
]  # fmt: skip
TOLD: list[tuple[GroundwireError, dict[str, object]]] = [
    (UnknownType("shout", ["ping", "auth"]), {"known": ["ping", "auth"]}),
    (InvalidField("name", "A name is needed."), {"field": "name"}),
    (TooLarge("The file", 1_000_000), {"limitBytes": 1_000_000}),
    (UnrecoverableCursor("compacted", snapshot="/x"), {"reason": "compacted", "snapshot": "/x"}),
    (QueueFull(10), {"limit": 10}),
    (UnknownModel("m", ["auto"]), {"models": ["auto"]}),
    (UnreadableDocument("empty", "There is no text in this file."), {"reason": "empty"}),
    (RateLimited(1500), {"retryAfterMs": 1500}),
    (ConnectionLimit(64), {"retryAfterMs": 5000}),
]


@pytest.mark.parametrize(
    "error", [*SAID, *(error for error, _ in TOLD)], ids=lambda error: type(error).__name__
)
def test_an_error_is_a_sentence_without_its_code(error: GroundwireError) -> None:
    assert str(error) == error.message
    assert error.message.endswith(".")
    assert error.code not in error.message


@pytest.mark.parametrize(
    ("error", "details"), TOLD, ids=[type(error).__name__ for error, _ in TOLD]
)
def test_an_error_tells_programs_what_they_need(
    error: GroundwireError, details: dict[str, object]
) -> None:
    assert error.details == details


def test_too_many_connections_are_not_called_too_many_commands() -> None:
    assert "64 connections" in str(ConnectionLimit(64))


def test_vectors_of_another_space_say_what_to_do() -> None:
    error = OtherSpace("384 numbers by e5", "768 numbers")

    assert error.code == "model_unavailable"
    assert "384 numbers by e5" in error.message
    assert "Restart with the embedding model" in error.message


def test_a_feed_that_fails_says_why_and_whether_it_may_pass() -> None:
    error = FeedFailed("not_found", "There is nothing at this address.", passes=True)

    assert (error.details, error.passes) == ({"reason": "not_found"}, True)
