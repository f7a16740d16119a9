"""Every error a user can meet, as one tree.

* GroundwireError
    * InvalidRequest
        * BadJson, UnknownType, InvalidField, TooLarge, UnsupportedVersion
    * Unauthorized
        * TokenExpired
    * Forbidden
    * NotFound
        * Gone
            * UnrecoverableCursor
    * Conflict
        * IdempotencyConflict, QueueFull, Busy, ApprovalExpired
    * UnknownModel
    * UnreadableDocument (reasons: broken, encrypted, empty, too_large, unknown_type, timed_out,
      needs_ocr)
    * FeedFailed (reasons: `model.feeds.FeedReason`)
    * RateLimited
        * ConnectionLimit
    * Unavailable (the caller may try again)
        * ModelUnavailable
            * OtherSpace
        * UpstreamTimeout, RetrievalFailed, VectorsUnavailable
        * Overloaded
            * FolderInUse
        * Idle, SlowReader, ToolUnusable
    * ContextOverflow
    * Interrupted
    * Fenced (never shown: the writer that gets it stops)
"""

from typing import ClassVar, Literal

from groundwire.model.feeds import FeedReason


class GroundwireError(Exception):
    """An error with a stable ``code`` for programs and a sentence for people.

    The sentence says what happened and what to do. ``details`` are machine-readable
    and hold no secret and no text of a document.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidRequest(GroundwireError):
    code = "invalid_field"
    status = 400


class BadJson(InvalidRequest):
    code = "bad_json"

    def __init__(self, why: str = "This is not valid JSON.") -> None:
        super().__init__(why)


class UnknownType(InvalidRequest):
    code = "unknown_type"

    def __init__(self, type: str, known: list[str]) -> None:
        super().__init__(f"`{type}` is not a frame type. Known: {', '.join(known)}.", known=known)


class InvalidField(InvalidRequest):
    def __init__(self, field: str, why: str) -> None:
        super().__init__(why, field=field)


class TooLarge(InvalidRequest):
    code = "too_large"
    status = 413

    def __init__(self, what: str, limit_bytes: int) -> None:
        super().__init__(
            f"{what} is larger than the {limit_bytes:,} bytes allowed.", limitBytes=limit_bytes
        )


class UnsupportedVersion(InvalidRequest):
    code = "unsupported_version"


class Unauthorized(GroundwireError):
    code = "unauthorized"
    status = 401

    def __init__(self, message: str = "Sign in, or send a valid token.") -> None:
        super().__init__(message)


class TokenExpired(Unauthorized):
    code = "token_expired"

    def __init__(self) -> None:
        super().__init__("This token has expired. Sign in again, or refresh it.")


class Forbidden(GroundwireError):
    code = "forbidden"
    status = 403

    def __init__(self, message: str = "You may not do this here.") -> None:
        super().__init__(message)


class NotFound(GroundwireError):
    code = "not_found"
    status = 404

    def __init__(self, what: str, **details: object) -> None:
        super().__init__(f"There is no such {what}.", **details)


class Gone(NotFound):
    code = "gone"
    status = 410


class UnrecoverableCursor(Gone):
    """The cursor names a position that the log cannot be read on from; load the snapshot."""

    code = "unrecoverable_cursor"

    def __init__(self, reason: str, **details: object) -> None:
        GroundwireError.__init__(
            self,
            "The history cannot be continued from this cursor. Load the conversation again.",
            reason=reason,
            **details,
        )


class Compacted(UnrecoverableCursor):
    """The cursor lies within an event that stands for many, from the seq ``first`` on."""

    def __init__(self, first: int) -> None:
        super().__init__("compacted")
        self.first = first


class Conflict(GroundwireError):
    code = "conflict"
    status = 409


class IdempotencyConflict(Conflict):
    code = "idempotency_conflict"

    def __init__(self) -> None:
        super().__init__("This clientMessageId was used for another text. Use a new one.")


class QueueFull(Conflict):
    code = "queue_full"
    status = 429
    retryable = True

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit} questions already wait in this conversation. Wait for one to finish.",
            limit=limit,
        )


class Busy(Conflict):
    """An answer is running and the asker said not to wait for it."""

    code = "busy"
    retryable = True

    def __init__(self) -> None:
        super().__init__("An answer is running in this conversation. Wait for it, or cancel it.")


class ApprovalExpired(Conflict):
    code = "approval_expired"
    status = 410

    def __init__(self) -> None:
        super().__init__("Nobody allowed this in time, so it was not done. Ask again if it should.")


class UnknownModel(GroundwireError):
    code = "unknown_model"
    status = 400

    def __init__(self, model: str, known: list[str]) -> None:
        super().__init__(
            f"There is no model `{model}` here. There are: {', '.join(known)}.", models=known
        )


UnreadableReason = Literal[
    "broken",
    "encrypted",
    "empty",
    "too_large",
    "unknown_type",
    "timed_out",
    "needs_ocr",
    "interrupted",
]


class UnreadableDocument(GroundwireError):
    """A file that cannot become a document; the sentence is for the one who uploaded it."""

    code = "unreadable_document"
    status = 422

    def __init__(self, reason: UnreadableReason, message: str) -> None:
        super().__init__(message, reason=reason)
        self.reason: UnreadableReason = reason


class FeedFailed(GroundwireError):
    """A place that documents come from, or one thing in it, cannot be read.

    ``passes``: it may be otherwise in a moment.
    """

    code = "feed_failed"
    status = 422

    def __init__(self, reason: FeedReason, message: str, *, passes: bool = False) -> None:
        super().__init__(message, reason=reason)
        self.reason: FeedReason = reason
        self.passes = passes


class RateLimited(GroundwireError):
    code = "rate_limited"
    status = 429
    retryable = True

    def __init__(self, retry_after_ms: int, message: str = "Too many commands. Slow down.") -> None:
        super().__init__(message, retryAfterMs=retry_after_ms)


class ConnectionLimit(RateLimited):
    code = "connection_limit"

    def __init__(self, limit: int, retry_after_ms: int = 5_000) -> None:
        super().__init__(
            retry_after_ms, f"{limit} connections are open already. Close one and try again."
        )


class Unavailable(GroundwireError):
    code = "overloaded"
    status = 503
    retryable = True


class Overloaded(Unavailable):
    pass


class FolderInUse(Overloaded):
    """Another process serves this data folder."""


class ModelUnavailable(Unavailable):
    code = "model_unavailable"


class OtherSpace(ModelUnavailable):
    """A vector is not of the space that the index is of: comparing them would mean nothing."""

    def __init__(self, index: str, given: str) -> None:
        super().__init__(
            f"The vectors of this index are of {index}, and one of {given} was given. Restart with "
            "the embedding model that the documents are to be found with; if it is another one, "
            "they are embedded again."
        )


class UpstreamTimeout(Unavailable):
    code = "upstream_timeout"
    status = 504


class RetrievalFailed(Unavailable):
    code = "retrieval_failed"

    def __init__(self) -> None:
        super().__init__(
            "The documents could not be searched. Try again; if it stays so, the server's log "
            "says why."
        )


class VectorsUnavailable(Unavailable):
    """The store of vectors cannot be reached or refuses; what is in it is not lost."""

    code = "retrieval_failed"


class ContextOverflow(GroundwireError):
    code = "context_overflow"
    status = 422


class Interrupted(GroundwireError):
    """The server stopped in every attempt at this answer."""

    code = "interrupted"
    status = 503
    retryable = True

    def __init__(self) -> None:
        super().__init__("The server stopped again and again in this answer. Ask in other words.")


class Idle(Unavailable):
    """Nothing was asked for on this connection for a long while."""

    code = "idle"

    def __init__(self) -> None:
        super().__init__("Nothing was asked here for a while. Connect again to go on.")


class SlowReader(Unavailable):
    """A client took nothing of what it was sent for a long while."""

    code = "slow_reader"

    def __init__(self) -> None:
        super().__init__("This client reads too slowly. Connect again with the cursor to go on.")


class ToolUnusable(Unavailable):
    """A tool could not do what it was asked; the model is told and goes on."""

    code = "tool_failed"
    status = 502


class Fenced(GroundwireError):
    """The turn is over or belongs to another writer; whoever gets this stops at once."""

    code = "worker_lost"
    status = 409

    def __init__(self) -> None:
        super().__init__("This answer is written elsewhere, or has ended.")
