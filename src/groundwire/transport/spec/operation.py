"""What one method of one path takes and answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from groundwire.transport.spec.schemas import Schema


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    ``takes`` is the body of the request and ``answer`` that of the answer: a type, the name of a
    schema of the protocol, or a media type; ``shown_as`` are other media types that it may be of.
    ``errors`` are codes beside those that every operation may meet.
    """

    id: str
    summary: str
    answer: type[msgspec.Struct] | str | None = None
    status: int = 200
    takes: type[msgspec.Struct] | str | None = None
    shown_as: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    query: Mapping[str, Schema] = field(default_factory=dict[str, Schema])
    headers: Mapping[str, Schema] = field(default_factory=dict[str, Schema])
    is_open: bool = False
