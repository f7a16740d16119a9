"""The client's errors are the server's, by the same codes."""

from collections.abc import Iterator
from typing import TypeVar

import pytest

from groundwire.model.errors import GroundwireError as ServerError
from groundwire_client import errors
from groundwire_client._problems import as_error, is_ours
from groundwire_client.errors import GroundwireError, told

Kind = TypeVar("Kind")

OURS = {
    "lost", "unreachable", "unanswered", "token_unavailable", "steer_failed", "closed",
    "outbox_full", "content_mismatch", "protocol_violation",
}  # fmt: skip


def kinds_of(base: type[Kind]) -> Iterator[type[Kind]]:
    yield base
    for child in base.__subclasses__():
        yield from kinds_of(child)


def test_each_code_of_the_server_has_its_error_with_the_same_word_on_trying_again() -> None:
    server = {
        kind.code: kind.retryable
        for kind in kinds_of(ServerError)
        if kind.__module__.startswith("groundwire.")
    }
    client = {
        kind.default_code: kind.default_retryable
        for kind in kinds_of(GroundwireError)
        if kind.default_code and kind.default_code not in OURS
    }

    assert client == server


def test_the_tree_in_the_docstring_names_every_error() -> None:
    assert errors.__doc__ is not None
    named = set(errors.__doc__.replace(",", " ").replace("*", " ").split())

    assert {kind.__name__ for kind in kinds_of(GroundwireError)} <= named


def test_an_unknown_code_keeps_its_name() -> None:
    error = told("aurora", "New.", retryable=True)

    assert type(error) is GroundwireError
    assert (error.code, error.message, error.retryable) == ("aurora", "New.", True)


def test_a_problem_is_the_error_of_its_code_with_its_details() -> None:
    body = b'{"code":"unknown_model","title":"No.","status":400,"retryable":false,"models":["a"]}'

    error = as_error(400, {}, body)

    assert isinstance(error, errors.UnknownModel)
    assert (error.message, error.status, error.detail) == ("No.", 400, {"models": ["a"]})
    assert is_ours(error)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code": 7}', b"\xff"])
def test_what_something_else_answers_is_known_by_its_status(body: bytes) -> None:
    error = as_error(502, {"retry-after": "3"}, body)

    assert (error.code, error.retryable, error.retry_after_ms) == ("http_502", True, 3000)
    assert not is_ours(error)
