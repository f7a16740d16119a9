"""Server-sent events from bytes, as far as model endpoints use them. Pure."""

from groundwire.model.errors import ModelUnavailable

MAX_EVENT_BYTES = 4 * 1024 * 1024


class SseReader:
    """Bytes in, the ``data`` of each event out; comments and other fields are dropped.

    Takes chunks cut anywhere and lines that end in LF, CRLF or CR.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the events that ``chunk`` completes, in order.

        Raises ``ModelUnavailable`` for an event above 4 MiB.
        """
        text = self._rest + chunk
        # A CR at the end may be the first half of a CRLF.
        whole = text[:-1] if text.endswith(b"\r") else text
        lines = whole.splitlines(keepends=True)
        self._rest = text[len(whole) :]
        if lines and not lines[-1].endswith((b"\n", b"\r")):
            self._rest = lines.pop() + self._rest
        if len(self._rest) + self._held > MAX_EVENT_BYTES:
            raise ModelUnavailable("The model's endpoint sent an event that is too large.")
        return self._events(lines)

    def flush(self) -> list[bytes]:
        """Return the event that the end of the stream left without its blank line."""
        lines = [*self._rest.splitlines(), b""] if self._rest else [b""]
        self._rest = b""
        return self._events(lines)

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events: list[bytes] = []
        for raw in lines:
            line = raw.rstrip(b"\r\n")
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
                self._held += len(line)
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
                self._held = 0
        return events
