"""What runs in a parser's process: files in by name, blocks out, until the pipe closes.

Both directions carry JSON, in the messages of `wire`.
"""

import gc
import sys
from pathlib import Path

import msgspec

from groundwire.adapters.parsers import confine, wire
from groundwire.model.documents import Parsed
from groundwire.model.errors import UnreadableDocument, UnreadableReason


class Start(msgspec.Struct, frozen=True):
    """The first message: the limits that hold for this process."""

    memory_bytes: int
    cpu_s: int


class Ready(msgspec.Struct, frozen=True):
    """The answer to `Start`. ``isolated`` is whether the kernel keeps the network away."""

    isolated: bool


class Request(msgspec.Struct, frozen=True):
    path: str
    name: str


class Refusal(msgspec.Struct, frozen=True):
    reason: UnreadableReason
    message: str


class Reply(msgspec.Struct, frozen=True):
    """One of the two."""

    parsed: Parsed | None = None
    refusal: Refusal | None = None


def main() -> None:
    """Answer a `Start` with `Ready`, then each `Request` with a `Reply`."""
    # Loaded now: an import in the middle of a file would cost its uploader the time.
    from groundwire.adapters.parsers.file import File
    from groundwire.adapters.parsers.partner import fork_partner
    from groundwire.adapters.parsers.read import read_file

    source, sink = sys.stdin.buffer, sys.stdout.buffer
    message = wire.receive(source)
    if message is None:
        return
    start = msgspec.json.decode(message, type=Start)
    # Blocks have no cycles: looking for some in the middle of a file takes a tenth of its time.
    gc.disable()
    partner = fork_partner(memory_bytes=start.memory_bytes, cpu_s=start.cpu_s)
    isolated = confine.confine(start.memory_bytes)
    wire.send(sink, msgspec.json.encode(Ready(isolated)))
    while (message := wire.receive(source)) is not None:
        request = msgspec.json.decode(message, type=Request)
        confine.allow_cpu(start.cpu_s)
        try:
            reply = Reply(parsed=read_file(File(request.name, Path(request.path)), partner))
        except UnreadableDocument as error:
            reply = Reply(refusal=Refusal(error.reason, error.message))
        except MemoryError:
            reply = Reply(refusal=TOO_LARGE)
        except Exception:  # noqa: BLE001 (whatever a hostile file makes a parser raise is the file's fault)
            reply = Reply(refusal=BROKEN)
        wire.send(sink, msgspec.json.encode(reply))
        gc.collect()


BROKEN = Refusal(
    "broken",
    "This file is damaged, or is not what its name says. Save it again from the program that "
    "made it and retry.",
)
TOO_LARGE = Refusal(
    "too_large", "Reading this file takes more memory than allowed. Split it and upload parts."
)


if __name__ == "__main__":
    main()
