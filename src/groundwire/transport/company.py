"""Who is attached to which conversation on this node, and what they tell one another.

Nothing of this is in a log: who is not there has missed it.
"""

from dataclasses import dataclass, field
from typing import Literal, Protocol

from groundwire.model.access import Identity
from groundwire.model.ids import LogId, PrincipalId
from groundwire.transport import frames
from groundwire.transport.frames import PresenceTold, ServerFrame
from groundwire.transport.stamp import stamp

Ephemeral = frames.Presence | frames.Typing | frames.Read
State = Literal["online", "away", "offline"]


class Listener(Protocol):
    """A connection that can be told things; it makes nobody wait."""

    @property
    def id(self) -> str: ...

    @property
    def device(self) -> str | None: ...

    @property
    def identity(self) -> Identity | None: ...

    def hear(self, frame: ServerFrame) -> None: ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Who commands something, and from where; ``position`` is the last seq sent of each log."""

    identity: Identity
    connection: str
    device: str | None = None
    position: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class _Seat:
    listener: Listener
    principal: PrincipalId
    state: State = "online"

    def presence(self, name: str) -> PresenceTold:
        return PresenceTold(
            session_id=name,
            connection_id=self.listener.id,
            principal=self.principal,
            state=self.state,
            ts=stamp(),
        )


@dataclass(slots=True)
class _Room:
    name: str
    seats: dict[str, _Seat] = field(default_factory=dict[str, _Seat])

    def tell(self, frame: ServerFrame, *, but: str) -> None:
        for id, seat in self.seats.items():
            if id != but:
                seat.listener.hear(frame)

    def find(self, sender: Sender) -> _Seat | None:
        """Return the sender's own seat: its connection's, or that of its device."""
        if seat := self.seats.get(sender.connection):
            return seat
        for seat in self.seats.values():
            is_same = seat.principal == sender.identity.principal.id
            if is_same and sender.device is not None and seat.listener.device == sender.device:
                return seat
        return None


@dataclass(slots=True)
class Company:
    _rooms: dict[LogId, _Room] = field(default_factory=dict[LogId, _Room])

    def join(self, log: LogId, name: str, listener: Listener) -> list[PresenceTold]:
        """Let a connection in, of which the others are told; return who is there already.

        One that is in already is let in without a word.
        """
        room = self._rooms.setdefault(log, _Room(name))
        if listener.id in room.seats:
            return []
        assert listener.identity is not None
        there = [seat.presence(name) for seat in room.seats.values()]
        seat = room.seats[listener.id] = _Seat(listener, listener.identity.principal.id)
        room.tell(seat.presence(name), but=listener.id)
        return there

    def part(self, log: LogId, listener: Listener) -> None:
        """Let a connection go, if it is there; the others are told."""
        room = self._rooms.get(log)
        seat = room.seats.pop(listener.id, None) if room else None
        if room is None or seat is None:
            return
        seat.state = "offline"
        room.tell(seat.presence(room.name), but=listener.id)
        if not room.seats:
            del self._rooms[log]

    def pass_on(self, log: LogId, sender: Sender, frame: Ephemeral) -> bool:
        """Tell the others; return ``False`` if there was nothing to tell them."""
        room = self._rooms.get(log)
        if room is None:
            return False
        seat = room.find(sender)
        if isinstance(frame, frames.Presence):
            if seat is None or seat.state == frame.state:
                return False
            seat.state = frame.state
        own = seat.listener.id if seat else sender.connection
        room.tell(_told(room.name, own, seat, sender, frame), but=own)
        return True


def _told(name: str, own: str, seat: _Seat | None, sender: Sender, frame: Ephemeral) -> ServerFrame:
    principal = sender.identity.principal.id
    match frame:
        case frames.Presence():
            assert seat is not None
            return seat.presence(name)
        case frames.Typing():
            return frames.TypingTold(
                session_id=name, connection_id=own, principal=principal, ts=stamp()
            )
        case frames.Read(seq=seq):
            return frames.ReadTold(
                session_id=name, connection_id=own, principal=principal, up_to=seq, ts=stamp()
            )
