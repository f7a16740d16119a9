"""From what a client presents to who it is."""

import asyncio
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from groundwire.model.access import Credential, CredentialKind, Identity, Principal, Role
from groundwire.model.errors import Conflict, InvalidField, TokenExpired, Unauthorized
from groundwire.model.ids import NewId, Now, PrincipalId
from groundwire.ports.identities import Identities

if TYPE_CHECKING:
    from joserfc.jwk import OctKey

KEY_PREFIX = "gw_"
LOCAL = "local"
AUDIENCE = "groundwire"
SESSION = timedelta(days=7)
SETUP = timedelta(days=1)
TICKET = timedelta(seconds=30)
MAX_TICKETS = 10_000
PASSWORD_MIN = 8


class Authenticator:
    """Issues and checks keys, sessions (JWT) and tickets."""

    def __init__(self, identities: Identities, now: Now, new_id: NewId) -> None:
        self._identities = identities
        self._now = now
        self._new_id = new_id
        self._tickets: dict[bytes, tuple[Identity, datetime]] = {}

    async def identify(self, token: str) -> Identity:
        """Return who presents ``token``, an API key or a JWT of ours.

        Raises ``TokenExpired`` and ``Unauthorized``.
        """
        if token.startswith(KEY_PREFIX):
            found = await self._identities.find_credential(_hash(token))
            kind = "key"
        else:
            found = await self._identities.find_credential(_hash(await self._session_id(token)))
            kind = "session"
        if found is None or found.credential.kind != kind:
            raise Unauthorized("This token is not valid, or was revoked. Sign in again.")
        expires_at = found.credential.expires_at
        if expires_at is not None and expires_at <= self._now():
            raise TokenExpired
        return found

    async def revoked(self, credentials: Collection[str]) -> set[str]:
        """Return those of ``credentials`` that are no longer good."""
        return set(credentials) - await self._identities.existing(credentials)

    async def issue_key(self, principal: Principal, name: str, role: Role) -> str:
        """Return a new API key; it is shown this once and only its hash is kept."""
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        await self._add(principal, "key", name, role, hash=_hash(key), expires_at=None)
        return key

    async def issue_session(self, principal: Principal) -> tuple[str, datetime]:
        """Return a JWT for ``principal`` and when it expires."""
        id = secrets.token_urlsafe(24)
        issued_at = self._now().replace(microsecond=0)
        expires_at = issued_at + SESSION
        await self._add(
            principal, "session", "login", principal.role, hash=_hash(id), expires_at=expires_at
        )
        from joserfc import jwt

        claims = {
            "iss": AUDIENCE,
            "aud": AUDIENCE,
            "sub": principal.id,
            "jti": id,
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        token = jwt.encode({"alg": "HS256"}, claims, await self._jwt_key())
        return token, expires_at

    async def login(self, name: str, password: str) -> Principal:
        """Raises ``Unauthorized``, the same for a wrong name as for a wrong password."""
        found = await self._identities.find_password(name)
        stored = found[1] if found else _DUMMY
        is_right = await asyncio.to_thread(_verify, password, stored)
        if found is None or not is_right:
            raise Unauthorized("This name and password do not match.")
        return found[0]

    async def revoke(self, credential: str) -> None:
        await self._identities.remove_credential(credential)

    def issue_ticket(self, identity: Identity) -> tuple[str, datetime]:
        """Return a ticket that opens one connection within 30 s."""
        now = self._now()
        if len(self._tickets) >= MAX_TICKETS:
            self._tickets = {
                key: ticket for key, ticket in self._tickets.items() if ticket[1] > now
            }
        ticket = secrets.token_urlsafe(24)
        self._tickets[_hash(ticket)] = (identity, now + TICKET)
        return ticket, now + TICKET

    def redeem_ticket(self, ticket: str) -> Identity:
        """Raises ``Unauthorized`` for one that is unknown, used or too old."""
        identity, expires_at = self._tickets.pop(_hash(ticket), (None, None))
        if identity is None or expires_at is None or expires_at <= self._now():
            raise Unauthorized("This ticket was used already or is too old. Get a new one.")
        return identity

    async def owner(self) -> Principal:
        """Return the installation's owner, who exists from the first call on."""
        owner = await self._identities.find_owner()
        if owner is None:
            owner = Principal(id=PrincipalId(self._new_id("p")), name="owner", role="owner")
            try:
                await self._identities.add(owner)
            except Conflict:
                return await self.owner()
        return owner

    async def local_identity(self) -> Identity:
        """Return the owner as whoever sits at this machine: no credential that can be revoked."""
        owner = await self.owner()
        credential = Credential(
            id=LOCAL,
            principal=owner.id,
            kind="session",
            name="this machine",
            role="owner",
            created_at=self._now(),
        )
        return Identity(principal=owner, credential=credential)

    async def needs_setup(self) -> bool:
        """Whether the owner has yet to choose a name and a password."""
        owner = await self._identities.find_owner()
        return owner is None or await self._identities.find_password(owner.name) is None

    async def issue_setup(self) -> str:
        """Return a one-time token that lets whoever holds it become the owner."""
        token = secrets.token_urlsafe(24)
        owner = await self.owner()
        await self._add(
            owner, "setup", "setup", "owner", hash=_hash(token), expires_at=self._now() + SETUP
        )
        return token

    async def set_up(self, token: str, name: str, password: str) -> Principal:
        """Give the owner a name and a password; the token is used up.

        Raises ``Unauthorized`` and ``InvalidField``.
        """
        found = await self._identities.find_credential(_hash(token))
        if found is None or found.credential.kind != "setup" or not await self.needs_setup():
            raise Unauthorized("This link was used already. Sign in, or start the server again.")
        if found.credential.expires_at is None or found.credential.expires_at <= self._now():
            raise TokenExpired
        name = name.strip()
        if not name:
            raise InvalidField("name", "Choose a name.")
        if len(password) < PASSWORD_MIN:
            raise InvalidField("password", f"Choose at least {PASSWORD_MIN} characters.")
        hashed = await asyncio.to_thread(_hash_password, password)
        await self._identities.set_password(found.principal.id, name=name, hash=hashed)
        await self._identities.remove_credential(found.credential.id)
        return Principal(id=found.principal.id, name=name, role="owner")

    async def _add(
        self,
        principal: Principal,
        kind: CredentialKind,
        name: str,
        role: Role,
        *,
        hash: bytes,
        expires_at: datetime | None,
    ) -> None:
        credential = Credential(
            id=self._new_id("cr"),
            principal=principal.id,
            kind=kind,
            name=name,
            role=role,
            created_at=self._now(),
            expires_at=expires_at,
        )
        await self._identities.add_credential(credential, hash=hash)

    async def _session_id(self, token: str) -> str:
        from joserfc import jwt
        from joserfc.errors import ExpiredTokenError, JoseError

        claims_are = jwt.JWTClaimsRegistry(
            now=int(self._now().timestamp()),
            iss={"essential": True, "value": AUDIENCE},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            decoded = jwt.decode(token, await self._jwt_key(), algorithms=["HS256"])
            claims_are.validate(decoded.claims)
        except ExpiredTokenError as error:
            raise TokenExpired from error
        except (JoseError, ValueError) as error:
            raise Unauthorized("This token is not valid. Sign in again.") from error
        return str(decoded.claims["jti"])

    async def _jwt_key(self) -> "OctKey":
        from joserfc.jwk import OctKey

        return OctKey.import_key(await self._identities.secret("jwt"))


def _hash(secret: str) -> bytes:
    """A plain digest will do: what is hashed here is random, not chosen by a person."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _hash_password(password: str) -> str:
    from pwdlib import PasswordHash

    return PasswordHash.recommended().hash(password)


def _verify(password: str, hash: str) -> bool:
    from pwdlib import PasswordHash

    return PasswordHash.recommended().verify(password, hash)


# A hash of nothing anybody knows: an unknown name takes as long as a wrong password.
_DUMMY = (
    "$argon2id$v=19$m=65536,t=3,p=4$MIIRqgvgQbgj220jfp0MPA$"
    "YfwJSVjtjSU0zzV/P3S9nnQ/USre2wvJMjfCIjrTQbg"
)
