"""A folder of this machine: what is new, changed or gone in it, by time and size of each file."""

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from groundwire.adapters.connectors.files import Takes, takes
from groundwire.adapters.connectors.folders import Folders
from groundwire.model.errors import FeedFailed
from groundwire.model.feeds import Feed, FeedOptions
from groundwire.ports.connector import Found, Item, Missed

MOST_FILES = 100_000
READ_BYTES = 262_144


class _File(NamedTuple):
    uri: str
    path: str
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

    async def visit(self, feed: Feed, marks: Mapping[str, str]) -> AsyncGenerator[Found, None]:
        root = self._folders.find(feed.address)
        files = await asyncio.to_thread(_list, root, takes(feed.options, pictures=True))
        for file in files:
            if file.size_bytes > self._limit_bytes:
                why = f"This file is larger than the {self._limit_bytes:,} bytes allowed."
                yield Missed(file.uri, "too_large", why)
            elif marks.get(file.uri) == file.mark:
                yield Item(file.uri, _name(file), file.mark, None)
            else:
                yield Item(file.uri, _name(file), file.mark, partial(_read, file.path))


def _list(root: Path, take: Takes) -> list[_File]:
    """Return the files of the folder in the order of their paths. Raises ``FeedFailed``."""
    if not root.is_dir():
        raise FeedFailed("not_found", "There is no such folder now. What was taken from it stays.")
    found: list[_File] = []
    for path, entry in _walk(root):
        if take(path) and (file := _look_at(root, path, entry)):
            found.append(file)
        if len(found) > MOST_FILES:
            raise FeedFailed(
                "too_large",
                f"There are more than {MOST_FILES:,} files in this folder. Take some of them "
                "with `include`, or a folder in it.",
            )
    found.sort()
    return found


def _walk(root: Path) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Yield what is in the folder, with its path from ``root``. Raises ``FeedFailed``."""
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{folder}{entry.name}/")
                    else:
                        yield f"{folder}{entry.name}", entry
        except FileNotFoundError:
            continue  # it went while we looked
        except OSError as error:
            # No folder that cannot be read passes for an empty one.
            raise FeedFailed(
                "refused",
                f"Groundwire may not read {folder or 'this folder'}. What was taken stays.",
            ) from error


def _look_at(root: Path, path: str, entry: "os.DirEntry[str]") -> _File | None:
    """Return what there is at ``path``; nothing if it is no file, or a link that leads out."""
    try:
        real = Path(entry.path).resolve(strict=True) if entry.is_symlink() else None
        found = entry.stat(follow_symlinks=False) if real is None else real.stat()
    except (OSError, RuntimeError):
        return None  # it went while we looked, or is a link to nowhere
    if not stat.S_ISREG(found.st_mode) or (real and not real.is_relative_to(root)):
        return None
    # The second tells of a file that was put in place of another with its time.
    mark = f"{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_size}"
    uri = os.fsencode(path).decode("utf-8", "replace")
    return _File(uri, str(real or entry.path), mark, found.st_size)


async def _read(path: str) -> AsyncIterator[bytes]:
    try:
        with await _opened(path) as file:
            while part := await asyncio.to_thread(file.read, READ_BYTES):
                yield part
    except FileNotFoundError as error:
        raise FeedFailed("not_found", "This file went away while it was to be read.") from error
    except OSError as error:
        raise FeedFailed("refused", "Groundwire may not read this file.", passes=True) from error


async def _opened(path: str) -> BinaryIO:
    """Open a file in a thread, and leave none open if nobody waits for it any more."""
    opening = asyncio.ensure_future(asyncio.to_thread(_open, path))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with suppress(OSError):
            (await opening).close()
        raise


def _name(file: _File) -> str:
    return file.uri.rpartition("/")[2]


def _open(path: str) -> BinaryIO:
    # No link that was put there meanwhile is followed, and no pipe waited for.
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise FileNotFoundError(path)
