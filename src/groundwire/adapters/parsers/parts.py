"""Files within a file become parts of one document. Pure."""

from collections.abc import Iterable, Sequence
from typing import cast

import msgspec

from groundwire.adapters.parsers.messages import Refusal
from groundwire.model.documents import Block, Parsed, Unread
from groundwire.model.errors import UnreadableDocument, UnreadableReason

# More are counted, not named.
MAX_UNREAD = 100


def within(parsed: Parsed, name: str) -> Parsed:
    """Return ``parsed`` as what the member ``name`` holds."""
    return msgspec.structs.replace(
        parsed,
        blocks=tuple(_block_within(block, name) for block in parsed.blocks),
        unread=tuple(
            msgspec.structs.replace(each, where=f"{name} › {each.where}") for each in parsed.unread
        ),
        pages=None,
    )


def _block_within(block: Block, name: str) -> Block:
    part = f"{name}/{block.part}" if block.part else name
    return msgspec.structs.replace(block, part=part, headings=(name, *block.headings))


def lost(name: str, refusal: Refusal) -> Parsed:
    """Return what there is of a member that cannot be read: the reason."""
    unread = Unread(where=name, code=refusal.reason, reason=refusal.message)
    return Parsed(blocks=(), unread=(unread,))


def join(parts: Sequence[Parsed]) -> Parsed:
    """Return ``parts`` as one. Raises ``UnreadableDocument`` if there is nothing in them."""
    joined = together(parts)
    if not joined.blocks:
        raise nothing(joined.unread)
    return joined


def together(parts: Sequence[Parsed]) -> Parsed:
    """Return ``parts`` as one, which may be empty."""
    return Parsed(
        blocks=tuple(block for part in parts for block in part.blocks),
        unread=_few([each for part in parts for each in part.unread]),
    )


def nothing(unread: Sequence[Unread]) -> UnreadableDocument:
    """Return the error of a file of which nothing could be read but why: ``unread``."""
    if not unread:
        return UnreadableDocument("empty", "There is nothing to read in this file.")
    first = unread[0]
    return refuse(first, f"Nothing in this file could be read. {first.where}: {first.reason}")


def refuse(unread: Unread, message: str) -> UnreadableDocument:
    """Return the error of a document of which ``unread`` is all there was."""
    # What a parser wrote there was the reason of such an error.
    return UnreadableDocument(cast("UnreadableReason", unread.code), message)


def _few(unread: Sequence[Unread]) -> tuple[Unread, ...]:
    if len(unread) <= MAX_UNREAD:
        return tuple(unread)
    more = len(unread) - MAX_UNREAD
    rest = Unread(where="…", code="broken", reason=f"{more} more could not be read either.")
    return (*unread[:MAX_UNREAD], rest)


def unique(names: Iterable[str]) -> list[str]:
    """Return ``names`` with a number after those that were there before."""
    seen: dict[str, int] = {}
    result: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result
