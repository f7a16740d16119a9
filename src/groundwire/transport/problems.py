"""The one place where errors become frames and HTTP answers (RFC 9457)."""

import logging

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from groundwire.model.errors import GroundwireError, RateLimited
from groundwire.transport.frames import Error, Ref

logger = logging.getLogger(__name__)


def as_frame(error: GroundwireError, *, ts: str, ref: Ref = None) -> Error:
    detail = dict(error.details)
    retry_after_ms = detail.pop("retryAfterMs", None)
    return Error(
        code=error.code,
        message=error.message,
        retryable=error.retryable,
        retry_after_ms=retry_after_ms if isinstance(retry_after_ms, int) else None,
        ref=ref,
        detail=detail,
        ts=ts,
    )


def as_response(error: GroundwireError) -> Response:
    body: dict[str, object] = {
        "type": f"urn:groundwire:error:{error.code}",
        "title": error.message,
        "status": error.status,
        "code": error.code,
        "retryable": error.retryable,
        **error.details,
    }
    response = Response(
        msgspec.json.encode(body), error.status, media_type="application/problem+json"
    )
    if isinstance(error, RateLimited):
        retry_after_ms = error.details["retryAfterMs"]
        assert isinstance(retry_after_ms, int)
        response.headers["retry-after"] = str(-(-retry_after_ms // 1000))
    return response


async def known(_: Request, error: Exception) -> Response:
    assert isinstance(error, GroundwireError)
    return as_response(error)


async def hung_up(request: Request, error: Exception) -> Response:
    """Answer, for form's sake, a client that was gone before all of its request was here."""
    assert isinstance(error, ClientDisconnect)
    logger.info("%s %s was cut", request.method, request.url.path)
    return Response(status_code=400)


async def unknown(request: Request, error: Exception) -> Response:
    """Answer what is our own mistake without telling its insides."""
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return as_response(GroundwireError("Something went wrong here. It was noted; try again."))
