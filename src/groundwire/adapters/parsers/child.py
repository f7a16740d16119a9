"""What runs in a parser's process: files in by name, blocks or chunks out, until the pipe closes.

Both directions carry JSON, in the messages of `wire`.
"""

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from groundwire.adapters.parsers.cutter import Cutter
from groundwire.adapters.parsers.messages import (
    Alive,
    Begun,
    Draw,
    Drawn,
    Message,
    Part,
    Ready,
    Reply,
    Request,
    Start,
    Wish,
)
from groundwire.adapters.runtime import confine, wire

if TYPE_CHECKING:
    from groundwire.adapters.parsers.read import Help

# So long one file keeps others waiting for its members.
TURN_S = 10.0


def main() -> None:
    """Answer a `Start` with `Ready`, then each `Request` with messages, the last a `Reply`."""
    # Loaded now: an import in the middle of a file would cost its uploader the time.
    from groundwire.adapters.parsers.ocr import open_ocr
    from groundwire.adapters.parsers.partner import fork_partner
    from groundwire.adapters.parsers.read import Help

    source, sink = sys.stdin.buffer, sys.stdout.buffer
    message = wire.receive(source)
    if message is None:
        return
    start = msgspec.json.decode(message, type=Start)
    # Blocks have no cycles: looking for some in the middle of a file takes a tenth of its time.
    gc.disable()
    partner = fork_partner(memory_bytes=start.memory_bytes, cpu_s=start.cpu_s)
    isolated = confine.confine(start.memory_bytes, start.tesseract)
    wire.send(sink, msgspec.json.encode(Ready(isolated)))

    def say(message: Message) -> None:
        # Whatever comes next has the time of a file for itself.
        confine.allow_cpu(start.cpu_s)
        wire.send(sink, msgspec.json.encode(message))

    help = Help(lambda: say(Alive()), partner, open_ocr(start.tesseract))
    while (message := wire.receive(source)) is not None:
        confine.allow_cpu(start.cpu_s)
        wish = msgspec.json.decode(message, type=Wish)
        say(draw(wish) if isinstance(wish, Draw) else answer(wish, help, say))
        gc.collect()
        # What is left are caches, which need not be looked through again after each file.
        gc.freeze()


def draw(wish: Draw) -> Drawn:
    from groundwire.adapters.parsers.draw import draw_page
    from groundwire.adapters.parsers.file import File
    from groundwire.adapters.parsers.read import refusal

    try:
        return Drawn(draw_page(File(wish.name, Path(wish.path)), wish.view))
    except Exception as error:  # noqa: BLE001 (as below)
        return Drawn(refusal=refusal(error))


def answer(request: Request, help: "Help", say: Callable[[Message], None]) -> Reply:
    """Read the file that ``request`` names, telling about its members one by one."""
    from groundwire.adapters.parsers.containers import open_container
    from groundwire.adapters.parsers.file import File
    from groundwire.adapters.parsers.read import read_alone, read_member, refusal

    file, cut = File(request.name, Path(request.path)), Cutter(request, say).cut
    began = time.monotonic()
    try:
        with open_container(file) as container:
            if container is None:
                return Reply(parsed=cut(read_alone(file, help)))
            if not request.start:
                say(Part(cut(container.own)))
            for number in range(request.start, len(container.members)):
                if time.monotonic() - began > TURN_S:
                    return Reply(following=number)
                member = container.members[number]
                say(Begun(number, member.name))
                say(Part(cut(read_member(member, help))))
            return Reply()
    except Exception as error:  # noqa: BLE001 (whatever a hostile file makes a parser raise is the file's fault)
        return Reply(refusal=refusal(error))


if __name__ == "__main__":
    main()
