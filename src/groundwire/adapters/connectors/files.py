"""Which files of a folder or a repository, and pages of a site, are taken, by their path. Pure."""

import os
import re
from collections.abc import Callable
from fnmatch import translate

from groundwire.model.feeds import FeedOptions

Takes = Callable[[str], bool]
"""Whether the file at a path, as in ``docs/a.md``, is taken."""

# What others made and is only kept beside the rest.
_VENDORED = frozenset(
    {"node_modules", "bower_components", "vendor", "third_party", "__pycache__", "site-packages"}
)
# What holds no text, or none that a person wrote.
_BINARY = frozenset(
    {
        *(".exe", ".dll", ".so", ".dylib", ".a", ".o", ".obj", ".lib", ".class", ".jar", ".pyc"),
        *(".wasm", ".bin", ".dat", ".iso", ".dmg", ".img", ".db", ".sqlite", ".pack", ".idx"),
        *(".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".whl", ".deb", ".rpm"),
        *(".mp3", ".mp4", ".m4a", ".mov", ".avi", ".mkv", ".webm", ".wav", ".ogg", ".flac"),
        *(".woff", ".woff2", ".ttf", ".otf", ".eot", ".ico", ".map", ".lock", ".tmp", ".part"),
    }
)
_GENERATED = ("*.min.js", "*.min.css", "package-lock.json", "go.sum", "*~", "~$*")
_PICTURES = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp", ".tif", ".tiff", ".psd"}
)


def takes(options: FeedOptions, *, pictures: bool) -> Takes:
    """Return what the ``options`` take.

    Without ``include`` that leaves out what is hidden, vendored, generated or binary, and
    ``pictures`` if they are not wanted. What ``include`` names is taken whatever it is.
    """
    unread = _BINARY if pictures else _BINARY | _PICTURES
    is_chosen = chooses(options)

    def take(path: str) -> bool:
        return is_chosen(path) and (bool(options.include) or not _is_left_out(path, unread))

    return take


def chooses(options: FeedOptions) -> Takes:
    """Return whether ``include``, if there is any, and ``exclude`` leave a path in."""
    included, excluded = _any_of(options.include), _any_of(options.exclude)

    def choose(path: str) -> bool:
        if excluded and excluded(path):
            return False
        return included is None or included(path)

    return choose


def _is_left_out(path: str, unread: frozenset[str]) -> bool:
    *folders, name = path.split("/")
    return (
        name.startswith(".")
        or os.path.splitext(name)[1].lower() in unread  # noqa: PTH122 (ten times as fast)
        or bool(_is_generated(name))
        or any(folder.startswith(".") or folder in _VENDORED for folder in folders)
    )


def _any_of(patterns: tuple[str, ...]) -> Takes | None:
    """Return whether one of the patterns matches a path or its last part."""
    if not patterns:
        return None
    match = re.compile("|".join(translate(pattern) for pattern in patterns)).match

    def matches(path: str) -> bool:
        return bool(match(path) or match(path.rpartition("/")[2]))

    return matches


_is_generated = re.compile("|".join(map(translate, _GENERATED))).match
