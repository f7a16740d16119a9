"""Messages between the server and a confined process, and between such processes.

Each is four bytes of length, most significant first, and as many bytes.
"""

from typing import IO

LENGTH_BYTES = 4


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


def receive(source: IO[bytes]) -> bytes | None:
    """Return the next message, ``None`` when the other side has gone."""
    length = source.read(LENGTH_BYTES)
    if len(length) < LENGTH_BYTES:
        return None
    message = source.read(size := int.from_bytes(length, "big"))
    return message if len(message) == size else None


def send(sink: IO[bytes], message: bytes) -> None:
    sink.write(framed(message))
    sink.flush()
