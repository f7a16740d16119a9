"""What the server and a parser's process say to each other, as JSON in the frames of `wire`."""

import msgspec

from groundwire.model.documents import Chunk, Parsed, Terms
from groundwire.model.errors import UnreadableReason
from groundwire.ports.page_images import View


class Start(msgspec.Struct, frozen=True):
    """The first message: the limits that hold for this process, and the program for OCR."""

    memory_bytes: int
    cpu_s: int
    tesseract: str | None = None


class Ready(msgspec.Struct, frozen=True):
    """The answer to `Start`. ``isolated`` is whether the kernel keeps the network away."""

    isolated: bool


class Request(msgspec.Struct, frozen=True, tag="read"):
    """Read the file at ``path``; if it holds others, from that with the number ``start`` on.

    What is read is wanted in `Chunks` if ``cut``, else in blocks.
    """

    path: str
    name: str
    start: int = 0
    cut: bool = False


class Draw(msgspec.Struct, frozen=True, tag="draw"):
    """Draw what ``view`` says of the file at ``path``."""

    path: str
    name: str
    view: View


class Refusal(msgspec.Struct, frozen=True):
    reason: UnreadableReason
    message: str


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """It goes on: a page took its time, and the next has the whole of it again."""


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """What happens from now on is the fault of this member of the file."""

    number: int
    name: str


class Chunks(msgspec.Struct, frozen=True, tag="chunks"):
    """Some of the chunks of what the next `Part` or `Reply` says without its blocks.

    Whose they are, and what they are called, a parser is not told and does not say.
    """

    chunks: list[Chunk]
    terms: list[Terms]

    def __post_init__(self) -> None:
        if len(self.chunks) != len(self.terms):
            raise ValueError("Each chunk has its terms.")


class Part(msgspec.Struct, frozen=True, tag="part"):
    """What became of a member, or of what the file that holds them says itself."""

    parsed: Parsed


class Reply(msgspec.Struct, frozen=True, tag="reply"):
    """The last message about a request; a file that holds others has said all in its parts.

    ``following`` is the member to go on with: others had better have a turn first.
    """

    parsed: Parsed | None = None
    refusal: Refusal | None = None
    following: int | None = None


class Drawn(msgspec.Struct, frozen=True, tag="drawn"):
    """The last message about a `Draw`; with neither, there is no such page."""

    image: bytes | None = None
    refusal: Refusal | None = None


Wish = Request | Draw
Message = Alive | Begun | Chunks | Part | Reply | Drawn


BROKEN = Refusal(
    "broken",
    "This file is damaged, or is not what its name says. Save it again from the program that "
    "made it and retry.",
)
TOO_LARGE = Refusal(
    "too_large", "Reading this file takes more memory than allowed. Split it and upload parts."
)
TIMED_OUT = Refusal(
    "timed_out", "Reading this file took too long. Split it, or save it in a simpler format."
)
