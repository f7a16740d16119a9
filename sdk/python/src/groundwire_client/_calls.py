"""One call of a resource under ``/api/v1``. Every call raises ``GroundwireError``."""

from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from groundwire_client._problems import as_error
from groundwire_client.errors import ProtocolViolation, Unreachable

Answer = TypeVar("Answer")


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Calls:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def _call(self, method: str, path: str, kind: type[Answer], **options: Any) -> Answer:
        body = await self._send(method, path, **options)
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise ProtocolViolation(f"The server answered {path} with something else.") from error

    async def _send(self, method: str, path: str, **options: Any) -> bytes:
        try:
            response = await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise Unreachable(f"The server cannot be reached: {error or type(error)}.") from error
        if not response.is_success:
            raise as_error(response.status_code, response.headers, response.content)
        return response.content


def given(**fields: Any) -> dict[str, Any]:
    """Return those that are given: what is left out stays as it is, or is the server's choice."""
    return {name: value for name, value in fields.items() if value is not None}


def part(id: str) -> str:
    """Return an id as a part of a path."""
    return quote(id, safe="")
