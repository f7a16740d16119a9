"""A folder of this machine: what is new, changed or gone in it, by time and size of each file."""

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from groundwire.adapters.connectors.files import Takes, takes
from groundwire.adapters.connectors.folders import Folders
from groundwire.model.errors import FeedFailed
from groundwire.model.feeds import Feed, FeedOptions
from groundwire.ports.connector import Item, Missed

MOST_FILES = 100_000
READ_BYTES = 262_144


class _File(NamedTuple):
    uri: str
    path: Path
    mark: str
    size_bytes: int


class FolderConnector:
    """Looks at every file each time; reads those whose time or size is another.

    That works on any file system, also on one that tells nobody of changes. ``limit_bytes`` is
    the most that a file may have.
    """

    def __init__(self, folders: Folders, *, limit_bytes: int) -> None:
        self._folders = folders
        self._limit_bytes = limit_bytes

    def check(self, address: str, options: FeedOptions) -> str:
        del options
        return str(self._folders.find(address))

    async def visit(
        self, feed: Feed, marks: Mapping[str, str]
    ) -> AsyncGenerator[Item | Missed, None]:
        root = self._folders.find(feed.address)
        files = await asyncio.to_thread(_list, root, takes(feed.options, pictures=True))
        for file in files:
            if file.size_bytes > self._limit_bytes:
                why = f"This file is larger than the {self._limit_bytes:,} bytes allowed."
                yield Missed(file.uri, "too_large", why)
            elif marks.get(file.uri) == file.mark:
                yield Item(file.uri, file.path.name, file.mark, None)
            else:
                yield Item(file.uri, file.path.name, file.mark, partial(_read, file.path))


def _list(root: Path, take: Takes) -> list[_File]:
    """Return the files of the folder in the order of their paths. Raises ``FeedFailed``."""
    if not root.is_dir():
        raise FeedFailed("not_found", "There is no such folder now. What was taken from it stays.")
    found: list[_File] = []
    for folder, below, names in os.walk(root, onerror=_unreadable):
        below.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if take(path.relative_to(root).as_posix()) and (file := _look_at(root, path)):
                found.append(file)
        if len(found) > MOST_FILES:
            raise FeedFailed(
                "too_large",
                f"There are more than {MOST_FILES:,} files in this folder. Take some of them "
                "with `include`, or a folder in it.",
            )
    return found


def _look_at(root: Path, path: Path) -> _File | None:
    """Return what there is at ``path``; nothing if it is no file, or a link that leads out."""
    try:
        real = path.resolve(strict=True) if path.is_symlink() else path
        found = real.stat()
    except (OSError, RuntimeError):
        return None  # it went while we looked, or is a link to nowhere
    if not stat.S_ISREG(found.st_mode) or not real.is_relative_to(root):
        return None
    # The second tells of a file that was put in place of another with its time.
    mark = f"{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_size}"
    uri = os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "replace")
    return _File(uri, real, mark, found.st_size)


def _unreadable(error: OSError) -> None:
    """Let no folder that cannot be read pass for an empty one."""
    if not isinstance(error, FileNotFoundError):
        raise FeedFailed(
            "refused", f"Groundwire may not read {error.filename}. What was taken from it stays."
        ) from error


async def _read(path: Path) -> AsyncIterator[bytes]:
    try:
        with await asyncio.to_thread(_open, path) as file:
            while part := await asyncio.to_thread(file.read, READ_BYTES):
                yield part
    except FileNotFoundError as error:
        raise FeedFailed("not_found", "This file went away while it was to be read.") from error
    except OSError as error:
        raise FeedFailed("refused", "Groundwire may not read this file.", passes=True) from error


def _open(path: Path) -> BinaryIO:
    # No link that was put there meanwhile is followed, and no pipe waited for.
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise FileNotFoundError(path)
