"""A commit as its files: what a repository has at a branch."""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from dulwich.errors import NotGitRepository
from dulwich.object_format import get_object_format
from dulwich.object_store import DEFAULT_MAX_TREE_DEPTH, iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tag
from dulwich.pack import MemoryPackIndex, Pack, PackData
from dulwich.refs import Ref
from dulwich.repo import Repo

from groundwire.adapters.connectors.files import Takes
from groundwire.adapters.connectors.git_messages import File
from groundwire.model.errors import FeedFailed

if TYPE_CHECKING:
    from dulwich.pack import ObjectContainer

MOST_FILES = 100_000
_LFS = b"version https://git-lfs"


class Objects(Protocol):
    def __getitem__(self, oid: ObjectID, /) -> ShaFile: ...


def find_commit(refs: Mapping[Ref, ObjectID | None], branch: str | None) -> str:
    """Return what the branch is at, or the one that the repository names itself."""
    found = refs.get(Ref(f"refs/heads/{branch}".encode() if branch else b"HEAD"))
    if found is None:
        missing = f"There is no branch {branch}" if branch else "There is nothing yet"
        raise FeedFailed("not_found", f"{missing} in this repository.")
    return found.decode()


class _Packed:
    """The objects of a pack, which itself takes all for named by SHA-1."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def __getitem__(self, oid: ObjectID, /) -> ShaFile:
        kind, content = self._pack.get_raw(oid)
        format = self._pack.object_format
        return ShaFile.from_raw_string(kind, content, sha=oid, object_format=format)


def open_pack(path: Path, format: str | None) -> Objects:
    """Open a pack that came without an index: all objects in it are unpacked once for one."""
    data = PackData(path, get_object_format(format))
    data.check()
    return _Packed(Pack.from_objects(data, MemoryPackIndex.for_pack(data)))


def open_local(path: Path) -> Repo:
    """Open a repository in a folder of this machine. Raises ``FeedFailed``."""
    try:
        repo = Repo(str(path))
    except (NotGitRepository, OSError) as error:
        raise FeedFailed("not_found", "There is no Git repository in this folder.") from error
    # A file named .git may say that the repository is elsewhere.
    if not Path(repo.controldir()).resolve().is_relative_to(path):
        repo.close()
        raise FeedFailed("not_allowed", "This repository is kept outside its folder.")
    return repo


def list_files(objects: Objects, commit: str, take: Takes) -> list[File]:
    """Return the files of a commit that are taken, each path once. Raises ``FeedFailed``."""
    found: dict[str, str] = {}
    for path, oid in _files(objects, ObjectID(commit.encode())):
        if take(path):
            found.setdefault(path, oid.decode())
    return [File(path, oid) for path, oid in found.items()]


def read_blob(objects: Objects, oid: str, limit_bytes: int) -> bytes:
    """Return the content of a file. Raises ``FeedFailed`` for what is none here."""
    blob = objects[ObjectID(oid.encode())]
    content = blob.as_raw_string() if isinstance(blob, Blob) else b""
    if len(content) > limit_bytes:
        raise FeedFailed(
            "too_large", f"This file is larger than the {limit_bytes:,} bytes allowed."
        )
    if content.startswith(_LFS) and len(content) < 1024:
        raise FeedFailed("unknown_type", "This file is kept elsewhere, by Git LFS.")
    return content


def _files(objects: Objects, commit: ObjectID) -> Iterator[tuple[str, ObjectID]]:
    """Yield the path and the id of each file that is one: no links, no submodules."""
    object = objects[commit]
    while isinstance(object, Tag):
        object = objects[object.object[1]]
    if not isinstance(object, Commit):
        raise FeedFailed("not_found", "This branch leads to no commit.")
    numbers = {False: 0, True: 0}
    for entry in iter_tree_contents(
        cast("ObjectContainer", objects),
        object.tree,
        # A few trees within each other can be endless folders without a file.
        include_trees=True,
        max_depth=DEFAULT_MAX_TREE_DEPTH,
    ):
        numbers[is_folder := stat.S_ISDIR(entry.mode)] += 1
        if numbers[is_folder] > MOST_FILES:
            what = "folders" if is_folder else "files"
            raise FeedFailed(
                "too_large", f"There are more than {MOST_FILES:,} {what} in this repository."
            )
        if stat.S_ISREG(entry.mode):
            yield entry.path.decode("utf-8", "replace"), entry.sha
