"""Every error that a caller can meet, as one tree; what the server says has the server's name.

* GroundwireError
    * InvalidRequest
        * BadJson, UnknownType, InvalidField, TooLarge, UnsupportedVersion
    * Unauthorized
        * TokenExpired
    * Forbidden
    * NotFound
        * Gone
            * UnrecoverableCursor
        * Lost (ours: the log no longer has this question)
    * Conflict
        * IdempotencyConflict, QueueFull, Busy, ApprovalExpired, WorkerLost
    * UnknownModel
    * UnreadableDocument
    * FeedFailed
    * RateLimited
        * ConnectionLimit
    * ContextOverflow
    * Internal
    * Unavailable (the same again may succeed later)
        * ModelUnavailable, UpstreamTimeout, RetrievalFailed, Overloaded, Idle, SlowReader
        * ToolFailed, Interrupted
        * Unreachable (ours: nothing answers at this address)
        * Unanswered (ours: no answer in time; the command may have been carried out)
        * TokenUnavailable (ours: the callable gave no token)
    * SteerFailed (ours: the turn ended before it could be corrected)
    * Closed (ours: this client was closed)
    * OutboxFull (ours: too many commands wait for their ``ack``)
    * ContentMismatch (ours: an answer is not the text that the server's hash is of)
    * ProtocolViolation (ours: what came is not the protocol)
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar


class GroundwireError(Exception):
    """An error with a stable ``code`` for programs and a ``message`` for people.

    ``retryable``: the same request may succeed later, unchanged, and not before
    ``retry_after_ms``. ``detail`` holds what else the server told, ``status`` the HTTP status
    where it was an answer to a request.
    """

    default_code: ClassVar[str] = ""
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retryable: bool | None = None,
        retry_after_ms: int | None = None,
        detail: Mapping[str, object] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.retryable = self.default_retryable if retryable is None else retryable
        self.retry_after_ms = retry_after_ms
        self.detail = dict(detail or {})
        self.status = status


class InvalidRequest(GroundwireError):
    """The server does not take this; the message says why."""


class BadJson(InvalidRequest):
    default_code = "bad_json"


class UnknownType(InvalidRequest):
    default_code = "unknown_type"


class InvalidField(InvalidRequest):
    default_code = "invalid_field"


class TooLarge(InvalidRequest):
    default_code = "too_large"


class UnsupportedVersion(InvalidRequest):
    default_code = "unsupported_version"


class Unauthorized(GroundwireError):
    """No token, or one that is not valid."""

    default_code = "unauthorized"


class TokenExpired(Unauthorized):
    default_code = "token_expired"


class Forbidden(GroundwireError):
    default_code = "forbidden"


class NotFound(GroundwireError):
    default_code = "not_found"


class Gone(NotFound):
    """It was here and has been deleted."""

    default_code = "gone"


class UnrecoverableCursor(Gone):
    default_code = "unrecoverable_cursor"


class Lost(NotFound):
    """The server acknowledged this question, and its log no longer has it. Ask again.

    So it is after a server was put back to an older copy of its data.
    """

    default_code = "lost"


class Conflict(GroundwireError):
    """It was decided otherwise, or the same device has connected again."""

    default_code = "conflict"


class IdempotencyConflict(Conflict):
    """This ``client_message_id`` was used for another text."""

    default_code = "idempotency_conflict"


class QueueFull(Conflict):
    default_code = "queue_full"
    default_retryable = True


class Busy(Conflict):
    """An answer is running, and ``on_busy`` was ``reject``."""

    default_code = "busy"
    default_retryable = True


class ApprovalExpired(Conflict):
    default_code = "approval_expired"


class WorkerLost(Conflict):
    default_code = "worker_lost"


class UnknownModel(GroundwireError):
    default_code = "unknown_model"


class UnreadableDocument(GroundwireError):
    """The file cannot become a document; the message is for the one who uploaded it."""

    default_code = "unreadable_document"


class FeedFailed(GroundwireError):
    """A place that documents come from cannot be read; the message says what to do."""

    default_code = "feed_failed"


class RateLimited(GroundwireError):
    default_code = "rate_limited"
    default_retryable = True


class ConnectionLimit(RateLimited):
    default_code = "connection_limit"


class ContextOverflow(GroundwireError):
    default_code = "context_overflow"


class Internal(GroundwireError):
    """A fault of the server."""

    default_code = "internal"


class Unavailable(GroundwireError):
    """The same again may succeed later."""

    default_retryable = True


class ModelUnavailable(Unavailable):
    default_code = "model_unavailable"


class UpstreamTimeout(Unavailable):
    default_code = "upstream_timeout"


class RetrievalFailed(Unavailable):
    default_code = "retrieval_failed"


class Overloaded(Unavailable):
    default_code = "overloaded"


class Idle(Unavailable):
    default_code = "idle"


class SlowReader(Unavailable):
    default_code = "slow_reader"


class ToolFailed(Unavailable):
    default_code = "tool_failed"


class Interrupted(Unavailable):
    default_code = "interrupted"


class Unreachable(Unavailable):
    """Nothing answers at this address: the server is stopped, or the network is gone."""

    default_code = "unreachable"


class Unanswered(Unavailable):
    """There was no answer in time. The command may have been carried out all the same.

    Ask again with the same ``client_message_id``: it stays one question.
    """

    default_code = "unanswered"


class TokenUnavailable(Unavailable):
    """The callable that was given as ``token`` raised; what it raised is the cause."""

    default_code = "token_unavailable"


class SteerFailed(GroundwireError):
    """The turn ended before it could be corrected; ``content`` is given back."""

    default_code = "steer_failed"

    def __init__(self, content: str) -> None:
        super().__init__(
            "This answer ended before it could be corrected. Ask the text as a question.",
            detail={"content": content},
        )
        self.content = content


class Closed(GroundwireError):
    """This client, or this conversation of it, was closed."""

    default_code = "closed"


class OutboxFull(GroundwireError):
    default_code = "outbox_full"
    default_retryable = True


class ContentMismatch(GroundwireError):
    """An answer is not the text that its hash is of, not even when it was read again."""

    default_code = "content_mismatch"


class ProtocolViolation(GroundwireError):
    """What came is not the protocol that this library speaks."""

    default_code = "protocol_violation"


def _kinds(of: type[GroundwireError]) -> Iterator[type[GroundwireError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from _kinds(kind)


_BY_CODE = {kind.default_code: kind for kind in _kinds(GroundwireError) if kind.default_code}
# These take other arguments, and no server says them.
_OURS = {SteerFailed.default_code}


def told(
    code: str,
    message: str,
    *,
    retryable: bool | None = None,
    retry_after_ms: int | None = None,
    detail: Mapping[str, object] | None = None,
    status: int | None = None,
) -> GroundwireError:
    """Return the error that a server told, by its code; an unknown code keeps its name."""
    kind = GroundwireError if code in _OURS else _BY_CODE.get(code, GroundwireError)
    return kind(
        message,
        code=code,
        retryable=retryable,
        retry_after_ms=retry_after_ms,
        detail=detail,
        status=status,
    )
