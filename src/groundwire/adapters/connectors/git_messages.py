"""What the server and the process that reads a repository say: MessagePack, framed by `wire`."""

from typing import NamedTuple

import msgspec

from groundwire.model.feeds import FeedOptions, FeedReason


class File(NamedTuple):
    """A file in a commit: its path, and the id of its content."""

    path: str
    oid: str


class Start(msgspec.Struct, frozen=True):
    """The first message: the limits that hold for this process."""

    memory_bytes: int
    cpu_s: int


class Ready(msgspec.Struct, frozen=True):
    """The answer to `Start`. ``isolated`` is whether the kernel keeps the network away."""

    isolated: bool


class OpenPack(msgspec.Struct, frozen=True, tag="pack"):
    """Read what is in the pack at ``path``; ``format`` is how its objects are named."""

    path: str
    format: str | None


class OpenFolder(msgspec.Struct, frozen=True, tag="folder"):
    """Read the repository in the folder at ``path``."""

    path: str


class FindHead(msgspec.Struct, frozen=True, tag="head"):
    branch: str | None


class ListFiles(msgspec.Struct, frozen=True, tag="list"):
    """List the files of a commit that the ``options`` take."""

    commit: str
    options: FeedOptions


class ReadFile(msgspec.Struct, frozen=True, tag="read"):
    oid: str
    limit_bytes: int


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    pass


class Head(msgspec.Struct, frozen=True, tag="commit"):
    commit: str


class Files(msgspec.Struct, frozen=True, tag="files"):
    files: list[File]


class Content(msgspec.Struct, frozen=True, tag="content"):
    content: bytes


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """Why a wish is not fulfilled; the next may be."""

    reason: FeedReason
    message: str


Opening = OpenPack | OpenFolder
Wish = Opening | FindHead | ListFiles | ReadFile
Reply = Opened | Head | Files | Content | Refusal

BROKEN = Refusal("broken", "This repository is damaged: what is in it cannot be read as Git's.")
TOO_LARGE = Refusal("too_large", "Reading this repository takes more memory than allowed.")
TIMED_OUT = Refusal("timed_out", "Reading this repository took longer than allowed.")
