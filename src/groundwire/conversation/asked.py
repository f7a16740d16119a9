"""What was asked before is not asked again: the same id means the same turn, for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import msgspec

from groundwire.model.errors import IdempotencyConflict
from groundwire.model.filters import Filter
from groundwire.model.ids import DocumentId, TurnId
from groundwire.model.standing import Asked
from groundwire.ports.event_log import Desk


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the ``ack`` tells. ``duplicate``: it was accepted before, nothing was done.

    ``ends`` is the running turn that was to give way to this one.
    """

    turn: TurnId
    seq: int
    duplicate: bool = False
    ends: TurnId | None = None


class Wish(Protocol):
    """A command as its author would send it again."""

    @property
    def author(self) -> str: ...

    @property
    def client_message_id(self) -> str | None: ...

    @property
    def digest(self) -> str: ...


def known(desk: Desk, wish: Wish) -> Accepted | None:
    """Return what became of it, if it was accepted before. Raises ``IdempotencyConflict``."""
    if wish.client_message_id is None:
        return None
    asked = desk.find_asked(wish.author, wish.client_message_id)
    if asked is None:
        return None
    if asked.digest != wish.digest:
        raise IdempotencyConflict
    return Accepted(asked.turn, asked.seq, duplicate=True)


def remember(desk: Desk, wish: Wish, turn: TurnId, seq: int) -> Accepted:
    """Note under its author's id, if it has one, that it was accepted."""
    if wish.client_message_id is not None:
        asked = Asked(
            author=wish.author,
            client_message_id=wish.client_message_id,
            digest=wish.digest,
            turn=turn,
            seq=seq,
        )
        desk.remember(asked)
    return Accepted(turn, seq)


def rest_parts(attachments: Sequence[DocumentId], filter: Filter | None) -> list[str]:
    """Return the parts of a digest that tell what a question is to rest on."""
    limit = [msgspec.json.encode(filter).decode()] if filter else []
    return [*attachments, *limit]


def digest(*parts: str) -> str:
    """Return what tells one command from another under the same id."""
    return sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
