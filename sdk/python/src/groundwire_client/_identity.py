"""Who asks: the ways in which a token can be shown, and how it is renewed."""

import asyncio
import base64
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Literal

import httpx

from groundwire_client.errors import GroundwireError, TokenUnavailable

Token = str | Callable[[], str | Awaitable[str]]
"""A JWT or an API key, or a callable that returns a fresh one."""

Way = Literal["header", "ticket", "query", "subprotocol", "frame"]
"""How a WebSocket says who it is: by the header ``Authorization``, by a ticket that is fetched
for it and lives for seconds, by ``?token=``, by a sub-protocol ``bearer.…``, or in its first
frame. Requests always use the header.
"""


class Identity:
    """The token, which is asked for once and again when it is refused or about to expire."""

    def __init__(self, token: Token | None, way: Way = "header") -> None:
        self.way: Way = way
        self._given = token
        self._token: str | None = token if isinstance(token, str) else None
        self._asking = asyncio.Lock()

    @property
    def current(self) -> str | None:
        """Return the token as far as it was asked for."""
        return self._token

    @property
    def can_refresh(self) -> bool:
        return callable(self._given)

    async def token(self) -> str | None:
        """Return the token. Raises ``TokenUnavailable``."""
        if self._token is None and self._given is not None:
            await self.refresh()
        return self._token

    async def refresh(self, *, stale: str | None = None) -> str | None:
        """Ask for a token in place of ``stale``, unless somebody else has done so meanwhile.

        Raises ``TokenUnavailable``.
        """
        if callable(self._given):
            async with self._asking:
                if self._token in (None, stale):
                    self._token = await _ask(self._given)
        return self._token


async def _ask(give: Callable[[], str | Awaitable[str]]) -> str:
    try:
        given = give()
        return await given if inspect.isawaitable(given) else given
    except GroundwireError:
        raise
    except Exception as error:
        raise TokenUnavailable(f"No token could be had: {error}.") from error


def as_subprotocol(token: str) -> str:
    """Return the sub-protocol that stands for a token."""
    return "bearer." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


class Bearer(httpx.Auth):
    """Shows the token with every request; one that is refused is renewed once."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._identity.token()
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401 and self._identity.can_refresh:
            token = await self._identity.refresh(stale=token)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request
