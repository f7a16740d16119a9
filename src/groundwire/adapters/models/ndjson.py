"""Lines of JSON from bytes. Pure."""

from groundwire.model.errors import ModelUnavailable

MAX_LINE_BYTES = 4 * 1024 * 1024


class NdjsonReader:
    """Bytes in, whole lines out; chunks may be cut anywhere."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that ``chunk`` completes. Raises ``ModelUnavailable`` above 4 MiB."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            raise ModelUnavailable("The model's endpoint sent a line that is too large.")
        return [line for line in lines if line.strip()]

    def flush(self) -> list[bytes]:
        rest, self._rest = self._rest, b""
        return [rest] if rest.strip() else []
