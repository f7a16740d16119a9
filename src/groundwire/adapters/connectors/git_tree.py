"""A commit as its files: what a repository has at a branch."""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from dulwich.errors import NotGitRepository
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID, Tag
from dulwich.refs import Ref
from dulwich.repo import BaseRepo, Repo

from groundwire.adapters.connectors.files import Takes
from groundwire.model.errors import FeedFailed

MOST_FILES = 100_000
_LFS = b"version https://git-lfs"


class File(NamedTuple):
    """A file in a commit: its path, and the id of its content."""

    path: str
    oid: str


def find_commit(refs: Mapping[Ref, ObjectID | None], branch: str | None) -> ObjectID:
    """Return what the branch is at, or the one that the repository names itself."""
    found = refs.get(Ref(f"refs/heads/{branch}".encode() if branch else b"HEAD"))
    if found is None:
        missing = f"There is no branch {branch}" if branch else "There is nothing yet"
        raise FeedFailed("not_found", f"{missing} in this repository.")
    return found


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


def list_files(repo: BaseRepo, commit: ObjectID, take: Takes) -> list[File]:
    """Return the files of a commit that are taken. Raises ``FeedFailed``."""
    found: list[File] = []
    for number, (path, oid) in enumerate(_files(repo, commit)):
        if number == MOST_FILES:
            raise FeedFailed(
                "too_large", f"There are more than {MOST_FILES:,} files in this repository."
            )
        if take(path):
            found.append(File(path, oid.decode()))
    return found


def read_blob(repo: BaseRepo, oid: str, limit_bytes: int) -> bytes:
    """Return the content of a file. Raises ``FeedFailed`` for what is none here."""
    blob = repo.object_store[ObjectID(oid.encode())]
    content = blob.as_raw_string() if isinstance(blob, Blob) else b""
    if len(content) > limit_bytes:
        raise FeedFailed(
            "too_large", f"This file is larger than the {limit_bytes:,} bytes allowed."
        )
    if content.startswith(_LFS) and len(content) < 1024:
        raise FeedFailed("unknown_type", "This file is kept elsewhere, by Git LFS.")
    return content


def _files(repo: BaseRepo, commit: ObjectID) -> Iterator[tuple[str, ObjectID]]:
    """Yield the path and the id of each file that is one: no links, no submodules."""
    object = repo.object_store[commit]
    while isinstance(object, Tag):
        object = repo.object_store[object.object[1]]
    if not isinstance(object, Commit):
        raise FeedFailed("not_found", "This branch leads to no commit.")
    for entry in iter_tree_contents(repo.object_store, object.tree):
        if stat.S_ISREG(entry.mode):
            yield entry.path.decode("utf-8", "replace"), entry.sha
