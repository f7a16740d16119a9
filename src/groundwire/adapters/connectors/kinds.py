"""Which things on the web are documents, by the media type that they come with. Pure."""

from pathlib import PurePosixPath

from yarl import URL

from groundwire.model.errors import FeedFailed

HTML = ".html"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
_SUFFIXES = {
    "text/html": HTML,
    "application/xhtml+xml": HTML,
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/csv": ".csv",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/epub+zip": ".epub",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    f"{_OFFICE}.wordprocessingml.document": ".docx",
    f"{_OFFICE}.presentationml.presentation": ".pptx",
    f"{_OFFICE}.spreadsheetml.sheet": ".xlsx",
    f"{_OPEN}.text": ".odt",
    f"{_OPEN}.presentation": ".odp",
    f"{_OPEN}.spreadsheet": ".ods",
}
_NAMED = frozenset(_SUFFIXES.values()) - {HTML}
# What a page shows or runs, and nobody reads.
_ASSETS = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".ico", ".css", ".js", ".mjs", ".woff"),
        *(".woff2", ".mp3", ".mp4", ".webm", ".mov", ".avi", ".zip", ".gz", ".tar", ".tgz", ".exe"),
        *(".dmg", ".iso", ".deb", ".rpm", ".rss", ".atom", ".xml"),
    }
)


def suffix_of(media_type: str, url: URL) -> str:
    """Return the suffix by which a parser knows it. Raises ``FeedFailed`` for no document."""
    suffix = _SUFFIXES.get(media_type)
    named = PurePosixPath(url.path).suffix.lower()
    if suffix in (None, ".txt") and named in _NAMED and not media_type.startswith("image/"):
        return named
    if suffix is None:
        raise FeedFailed("unknown_type", f"This is no document, but {media_type}.")
    return suffix


def is_asset(url: URL) -> bool:
    return PurePosixPath(url.path).suffix.lower() in _ASSETS
