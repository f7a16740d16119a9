"""What a server, or something before it, answers in place of what was asked for (RFC 9457)."""

from collections.abc import Mapping

import msgspec

from groundwire_client.errors import GroundwireError, told


class _Problem(msgspec.Struct, rename="camel"):
    code: str
    title: str = ""
    detail: str = ""
    retryable: bool | None = None
    retry_after_ms: int | None = None


KNOWN = {"type", "title", "detail", "status", "code", "retryable", "retryAfterMs"}


def as_error(status: int, headers: Mapping[str, str], body: bytes) -> GroundwireError:
    """Return the error that a response of ``status`` is; `is_ours` tells who answered."""
    try:
        problem = msgspec.json.decode(body, type=_Problem)
        whole = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        # A proxy's page of HTML, most likely: the status has to do.
        return GroundwireError(
            f"Something at this address answered {status}, and it was not Groundwire.",
            code=f"http_{status}",
            retryable=status >= 500,
            retry_after_ms=_retry_after_ms(headers),
            status=status,
        )
    after = problem.retry_after_ms
    return told(
        problem.code,
        problem.detail or problem.title or f"The server answered {status}.",
        retryable=problem.retryable,
        retry_after_ms=_retry_after_ms(headers) if after is None else after,
        detail={name: value for name, value in whole.items() if name not in KNOWN},
        status=status,
    )


def is_ours(error: GroundwireError) -> bool:
    """Whether a Groundwire server said this, and not something that stands before it."""
    return not error.code.startswith("http_")


def _retry_after_ms(headers: Mapping[str, str]) -> int | None:
    value = headers.get("retry-after", "")
    return int(value) * 1000 if value.isdecimal() else None
