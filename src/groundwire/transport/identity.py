"""How a request says who it is, in every way the protocol names."""

import base64
import binascii
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from groundwire.access.authenticate import Authenticator
from groundwire.model.access import Identity
from groundwire.model.errors import InvalidField, Unauthorized
from groundwire.transport.frames import PROTOCOL
from groundwire.transport.origins import is_local

COOKIE = "groundwire"
BEARER = "bearer."
MAX_DEVICE = 200


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """``single_user`` lets whoever is on this machine in as the owner, without a token."""

    authenticator: Authenticator
    single_user: bool = False

    async def identify(self, request: HTTPConnection) -> Identity | None:
        """Return who asks, or ``None`` if nothing was presented.

        Raises ``Unauthorized`` for what was presented and is not good.
        """
        if ticket := request.query_params.get("ticket"):
            return self.authenticator.redeem_ticket(ticket)
        if token := self._token(request):
            return await self.authenticator.identify(token)
        if self.single_user and request.client and is_local(request.client.host):
            return await self.authenticator.local_identity()
        return None

    async def require(self, request: HTTPConnection) -> Identity:
        identity = await self.identify(request)
        if identity is None:
            raise Unauthorized
        return identity

    def _token(self, request: HTTPConnection) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return token.strip()
        if token := request.query_params.get("token"):
            return token
        for offered in subprotocols(request):
            if offered.startswith(BEARER):
                return _decode(offered.removeprefix(BEARER))
        return request.cookies.get(COOKIE)


def device_of(request: HTTPConnection) -> str | None:
    """Return what the client calls its device, if it does. Raises ``InvalidField``."""
    device = request.query_params.get("deviceId")
    if device is not None and not 0 < len(device) <= MAX_DEVICE:
        raise InvalidField("deviceId", f"A `deviceId` has 1 to {MAX_DEVICE} characters.")
    return device


def subprotocols(request: HTTPConnection) -> list[str]:
    offered = request.headers.get("sec-websocket-protocol", "")
    return [name.strip() for name in offered.split(",") if name.strip()]


def speaks(offered: list[str]) -> bool:
    """Whether a client that names versions of the protocol names ours."""
    versions = [name for name in offered if name.startswith("groundwire.")]
    return not versions or PROTOCOL in versions


def _decode(value: str) -> str:
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise Unauthorized("The token in the sub-protocol is not base64url.") from error
