"""``?format=text``: the answer's text alone, for a client that only appends what it gets."""

import msgspec

from groundwire.model.errors import GroundwireError


class _Spoken(msgspec.Struct):
    type: str
    content: str = ""
    message: str = ""


_decoder = msgspec.json.Decoder(_Spoken)


def spoken_text(data: bytes) -> str:
    """Return what a reader of text gets of an event: tokens, and why an answer failed."""
    event = _decoder.decode(data)
    if event.type == "token":
        return event.content
    if event.type == "error":
        return f"\n{event.message}\n"
    return ""


def spoken_error(error: GroundwireError) -> str:
    return f"{error.message}\n"
