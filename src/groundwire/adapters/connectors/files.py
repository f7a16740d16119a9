"""Which files of a folder or a repository, and pages of a site, are taken, by their path. Pure."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

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

    def take(path: str) -> bool:
        if not is_chosen(path, options):
            return False
        return bool(options.include) or not _is_left_out(PurePosixPath(path), unread)

    return take


def is_chosen(path: str, options: FeedOptions) -> bool:
    """Say whether ``include``, if there is any, and ``exclude`` leave the path in."""
    if _matches(path, options.exclude):
        return False
    return not options.include or _matches(path, options.include)


def _is_left_out(path: PurePosixPath, unread: frozenset[str]) -> bool:
    return (
        any(part.startswith(".") or part in _VENDORED for part in path.parts)
        or path.suffix.lower() in unread
        or _matches(path.name, _GENERATED)
    )


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    name = path.rpartition("/")[2]
    return any(fnmatchcase(path, each) or fnmatchcase(name, each) for each in patterns)
