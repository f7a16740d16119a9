"""``?format=text``: the answer's text alone, for a client that only appends what it gets."""

import msgspec


class _Said(msgspec.Struct, rename="camel"):
    type: str
    message_id: str = ""
    content: str = ""
    message: str = ""
    offset: int = 0
    to_offset: int = 0


_decoder = msgspec.json.Decoder(_Said)


class Spoken:
    """Turns one log's events into text: tokens, and why an answer failed or begins again."""

    def __init__(self) -> None:
        self._message = ""
        self._length = 0

    def text(self, data: bytes) -> str:
        """Return what a reader of text gets of the next event."""
        event = _decoder.decode(data)
        match event.type:
            case "token":
                self._message = event.message_id
                self._length = event.offset + len(event.content)
                return event.content
            case "answer.reset":
                return self._reset(event)
            case "error":
                return f"\n{event.message}\n"
            case _:
                return ""

    def _reset(self, event: _Said) -> str:
        """Say what can no longer be taken back, if anything was said of this answer."""
        withdrawn = self._length - event.to_offset
        if event.message_id != self._message or withdrawn <= 0:
            return ""
        self._length = event.to_offset
        if event.to_offset == 0:
            return "\n[the answer begins again]\n"
        return f"\n[the last {withdrawn} characters of the answer are withdrawn]\n"
