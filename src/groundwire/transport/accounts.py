"""Accounts over HTTP: the first owner, signing in, keys, tickets."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from groundwire.access.authenticate import Authenticator
from groundwire.access.authorize import require_owner, require_whole
from groundwire.app import Assistant
from groundwire.model.access import Identity, Principal, lower
from groundwire.model.errors import InvalidField, NotFound, Unauthorized
from groundwire.ports.identities import Identities
from groundwire.transport.attempts import Attempts
from groundwire.transport.bodies import Login, NewKey, SetUp, answer, read_body
from groundwire.transport.identity import COOKIE, Doorkeeper


@dataclass(frozen=True, slots=True)
class Accounts:
    assistant: Assistant
    authenticator: Authenticator
    identities: Identities
    doorkeeper: Doorkeeper
    attempts: Attempts

    def routes(self) -> list[Route]:
        return [
            Route("/setup", self.entrance, methods=["GET"]),
            Route("/setup", self.set_up, methods=["POST"]),
            Route("/login", self.login, methods=["POST"]),
            Route("/logout", self.logout, methods=["POST"]),
            Route("/me", self.me, methods=["GET"]),
            Route("/tickets", self.ticket, methods=["POST"]),
            Route("/keys", self.list_keys, methods=["GET"]),
            Route("/keys", self.create_key, methods=["POST"]),
            Route("/keys/{id}", self.revoke_key, methods=["DELETE"]),
        ]

    async def entrance(self, request: Request) -> Response:
        """Tell a page which of its doors to show, before it knows anybody."""
        try:
            is_known = await self.doorkeeper.identify(request) is not None
        except Unauthorized:
            is_known = False
        is_needed = not is_known and await self.authenticator.needs_setup()
        return answer({"needed": is_needed, "signedIn": is_known})

    async def set_up(self, request: Request) -> Response:
        """Create the owner's account from the one-time link, and sign in."""
        body = await read_body(request, SetUp)
        self.attempts.check(_peer(request))
        principal = await self.authenticator.set_up(body.token, body.name, body.password)
        return await self._signed_in(request, principal)

    async def login(self, request: Request) -> Response:
        body = await read_body(request, Login)
        self.attempts.check(_peer(request))
        principal = await self.authenticator.login(body.name, body.password)
        self.attempts.forgive(_peer(request))
        return await self._signed_in(request, principal)

    async def logout(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        if identity.credential.kind == "session":
            await self.authenticator.revoke(identity.credential.id)
        response = answer({"ok": True})
        response.delete_cookie(COOKIE, path="/")
        return response

    async def me(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        workspace = await self.assistant.library.default_workspace(identity)
        return answer({"principal": _principal(identity.principal), "workspaceId": workspace})

    async def ticket(self, request: Request) -> Response:
        """Return a ticket for one connection: a browser's socket cannot carry a header."""
        identity = await self.doorkeeper.require(request)
        ticket, expires_at = self.authenticator.issue_ticket(identity)
        return answer({"ticket": ticket, "expiresAt": expires_at}, 201)

    async def list_keys(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        keys = await self._keys(identity)
        return answer(
            {
                "keys": [
                    {"id": key.id, "name": key.name, "role": key.role, "createdAt": key.created_at}
                    for key in keys
                ]
            }
        )

    async def create_key(self, request: Request) -> Response:
        """Return a new key; this is the only time that it can be seen."""
        identity = await self.doorkeeper.require(request)
        require_owner(identity)
        body = await read_body(request, NewKey)
        if not body.name.strip():
            raise InvalidField("name", "Give the key a name.")
        role = lower(body.role, identity.credential.role)
        key = await self.authenticator.issue_key(identity.principal, body.name.strip(), role)
        return answer({"key": key, "name": body.name.strip(), "role": role}, 201)

    async def revoke_key(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        require_whole(identity)
        id = request.path_params["id"]
        if id not in {key.id for key in await self._keys(identity)}:
            raise NotFound("key")
        await self.authenticator.revoke(id)
        return Response(status_code=204)

    async def _keys(self, identity: Identity):
        credentials = await self.identities.list_credentials(identity.principal.id)
        return [credential for credential in credentials if credential.kind == "key"]

    async def _signed_in(self, request: Request, principal: Principal) -> Response:
        token, expires_at = await self.authenticator.issue_session(principal)
        body = {"token": token, "expiresAt": expires_at, "principal": _principal(principal)}
        response = answer(body, 201)
        response.set_cookie(
            COOKIE,
            token,
            expires=expires_at,
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response


def _principal(principal: Principal) -> dict[str, str]:
    return {"id": principal.id, "name": principal.name, "role": principal.role}


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""
