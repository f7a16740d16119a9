"""One client's connection, without the network.

A transport feeds in what it received and how late it is, and carries out the returned
effects. All rules about identity, rates, idleness and bad frames are here; none of them
knows a socket or a clock.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from groundwire.model.access import Identity
from groundwire.model.errors import (
    Conflict,
    ConnectionLimit,
    Forbidden,
    Gone,
    GroundwireError,
    Idle,
    InvalidField,
    InvalidRequest,
    RateLimited,
    SlowReader,
    TokenExpired,
    Unauthorized,
    Unavailable,
    UnsupportedVersion,
)
from groundwire.transport.frames import (
    Auth,
    ClientFrame,
    Ping,
    Presence,
    Read,
    Ref,
    Typing,
    decode,
    reference,
)

Idling = Ping | Presence | Typing | Read
"""What shows that the network is alive, or where somebody looks, and no wish."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may do; times in seconds."""

    heartbeat_s: float = 30.0
    idle_s: float = 1800.0
    auth_s: float = 10.0
    expiring_s: float = 60.0
    slow_s: float = 30.0
    send_bytes: int = 262_144
    frame_bytes: int = 1_048_576
    attachments: int = 64
    commands_per_minute: int = 120
    bad_frames: int = 5
    bad_frames_s: float = 10.0
    connections_per_user: int = 64
    connections: int = 5_000
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """Carry out a command of an identified client."""

    frame: ClientFrame


@dataclass(frozen=True, slots=True)
class Identify:
    """Find out whose token this is; then call `identified` or `fail`."""

    token: str
    ref: Ref


@dataclass(frozen=True, slots=True)
class Tell:
    """Send an ``error`` frame."""

    error: GroundwireError
    ref: Ref = None


@dataclass(frozen=True, slots=True)
class Say:
    """Send a frame that the transport completes: a heartbeat, say, or that the token expires."""

    what: Literal["welcome", "ping", "auth_expiring", "reconnect"]


@dataclass(frozen=True, slots=True)
class Close:
    """Close with a WebSocket close code (RFC 6455, 7.4; ours are 44xx)."""

    code: int
    reason: str


Effect = Run | Identify | Tell | Say | Close


@dataclass(slots=True)
class Connection:
    """What one connection is allowed, and what it did so far. ``now`` is in seconds."""

    limits: Limits
    now: float
    identity: Identity | None = None
    closed: bool = False
    _last_command: float = field(init=False)
    _last_heartbeat: float = field(init=False)
    _last_taken: float = field(init=False)
    _backlog: int = 0
    _opened: float = field(init=False)
    _commands: deque[float] = field(default_factory=deque[float])
    _refused: deque[float] = field(default_factory=deque[float])
    _bad: deque[float] = field(default_factory=deque[float])
    _expiring_said: bool = False

    def __post_init__(self) -> None:
        self._opened = self._last_command = self._last_heartbeat = self._last_taken = self.now

    def receive(self, data: str | bytes, now: float) -> list[Effect]:
        """Take one text frame."""
        if self.closed:
            return []
        try:
            frame = decode(data)
        except InvalidRequest as error:
            return self._bad_frame(error, reference(data), now)
        if self.identity is None and not isinstance(frame, Auth):
            return self._close(4401, Unauthorized("Send an `auth` frame first."), frame.id)
        if refusal := self._check_rate(now):
            return self._rate_limited(refusal, frame.id, now)
        if isinstance(frame, Auth):
            return [Identify(frame.token, frame.id)]
        if not isinstance(frame, Idling):
            self._last_command = now
        return [Run(frame)]

    def receive_binary(self) -> list[Effect]:
        return self._close(1003, InvalidField("frame", "Send text frames: the protocol is JSON."))

    def identified(self, identity: Identity) -> list[Effect]:
        """Take the identity that a handshake or an ``auth`` frame proved."""
        if self.identity is None:
            self.identity = identity
            return [Say("welcome")]
        if identity.principal.id != self.identity.principal.id:
            return self._close(4403, Forbidden("This token belongs to somebody else."))
        self.identity = identity
        self._expiring_said = False
        return []

    def fail(self, error: GroundwireError, ref: Ref = None) -> list[Effect]:
        """Tell of an error that a command met; some end the connection."""
        match error:
            case Unauthorized():
                return self._close(4401, error, ref)
            case Forbidden():
                return self._close(4403, error, ref)
            case Gone():
                return self._close(4404, error, ref)
            case _:
                return [Tell(error, ref)]

    def tick(self, now: float, *, is_running: bool, wall: float, backlog: int = 0) -> list[Effect]:
        """Look at the clock; ``wall`` is Unix time. Called about once a second.

        ``is_running`` says that a turn runs in an attached conversation; ``backlog`` how many
        bytes wait for a client that is over its send budget, 0 for any other.
        """
        if self.closed:
            return []
        if self.identity is None:
            if now - self._opened >= self.limits.auth_s:
                return self._close(4408, Unauthorized("No identity was given in time."))
            return []
        if is_running:
            self._last_command = now
        if self.limits.enforced and now - self._last_command >= self.limits.idle_s:
            return self._close(4408, Idle())
        if self._is_stuck(backlog, now):
            return self._close(1013, SlowReader())
        return [*self._expiry(self.identity, wall), *self._heartbeat(now)]

    def revoked(self) -> list[Effect]:
        return self._close(4401, Unauthorized("This token was revoked. Sign in again."))

    def replaced(self) -> list[Effect]:
        return self._close(4409, Conflict("This device connected again, so this is of no use."))

    def refuse(self, error: GroundwireError) -> list[Effect]:
        """End the connection for what is not the fault of a command."""
        return self._close(_close_code(error), error)

    def drain(self) -> list[Effect]:
        """Send the client away: this server stops."""
        self.closed = True
        return [Say("reconnect"), Close(1012, "restart")]

    def _is_stuck(self, backlog: int, now: float) -> bool:
        """Whether the client has taken nothing for so long that it is not worth waiting."""
        if backlog == 0 or backlog < self._backlog:
            self._last_taken = now
        self._backlog = backlog
        return now - self._last_taken >= self.limits.slow_s

    def _heartbeat(self, now: float) -> list[Effect]:
        if now - self._last_heartbeat < self.limits.heartbeat_s:
            return []
        self._last_heartbeat = now
        return [Say("ping")]

    def _expiry(self, identity: Identity, wall: float) -> list[Effect]:
        expires_at = identity.credential.expires_at
        if expires_at is None:
            return []
        left = expires_at.timestamp() - wall
        if left <= 0:
            return self._close(4401, TokenExpired())
        if left <= self.limits.expiring_s and not self._expiring_said:
            self._expiring_said = True
            return [Say("auth_expiring")]
        return []

    def _check_rate(self, now: float) -> RateLimited | None:
        if not self.limits.enforced:
            return None
        _forget(self._commands, now - 60.0)
        if len(self._commands) < self.limits.commands_per_minute:
            self._commands.append(now)
            return None
        return RateLimited(int((self._commands[0] + 60.0 - now) * 1000) + 1)

    def _rate_limited(self, error: RateLimited, ref: Ref, now: float) -> list[Effect]:
        """One who goes on after being told to slow down is let go."""
        _forget(self._refused, now - 60.0)
        self._refused.append(now)
        if len(self._refused) > self.limits.commands_per_minute:
            return self._close(4429, error, ref)
        return [Tell(error, ref)]

    def _bad_frame(self, error: InvalidRequest, ref: Ref, now: float) -> list[Effect]:
        _forget(self._bad, now - self.limits.bad_frames_s)
        self._bad.append(now)
        if len(self._bad) > self.limits.bad_frames:
            return self._close(4400, error, ref)
        return [Tell(error, ref)]

    def _close(self, code: int, error: GroundwireError, ref: Ref = None) -> list[Effect]:
        self.closed = True
        return [Tell(error, ref), Close(code, error.code)]


def _close_code(error: GroundwireError) -> int:
    match error:
        case ConnectionLimit():
            return 4429
        case UnsupportedVersion():
            return 4406
        case InvalidRequest():
            return 1008
        case Unauthorized():
            return 4401
        case Gone():
            return 4404
        case Unavailable():
            return 1013
        case _:
            return 1011


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] < before:
        times.popleft()
