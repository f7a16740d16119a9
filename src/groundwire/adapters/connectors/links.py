"""What a crawler needs of a page: where it leads, its title, what it asks of robots. Pure.

Not a parser of HTML but three patterns, each of which reads on at most to the next ``<``: a page
that was made to take long takes no longer than another.
"""

import re
from html import unescape
from typing import NamedTuple

from yarl import URL

MOST_LINKS = 500
# What a page has to say of itself, it says at its beginning; a longer one is no page for people.
MOST_CHARACTERS = 2_000_000
MAX_URL_CHARACTERS = 2048
MAX_TITLE = 150

_TAG = re.compile(r"<(a|area|frame|iframe|base|meta)\s([^<>]{1,3000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_TITLE = re.compile(r"<title(?:\s[^<>]{0,200})?>([^<]{0,2000})", re.IGNORECASE)
_CHARSET = re.compile(
    rb"""<meta[^<>]{1,200}?charset\s*=\s*["']?([a-z0-9_-]{2,20})""", re.IGNORECASE
)
_UNREADABLE = (ValueError, IndexError)


class Outline(NamedTuple):
    """``links`` are whole addresses without fragments, each once, in the order of the page."""

    title: str
    links: tuple[URL, ...] = ()
    is_indexed: bool = True


def read_outline(content: bytes, url: URL) -> Outline:
    """Return what the page at ``url`` says to a crawler."""
    text = _without_comments(_decode(content)[:MOST_CHARACTERS])
    base = url
    hrefs: list[str] = []
    wishes = ""
    for tag in _TAG.finditer(text):
        name, attributes = tag[1].lower(), _attributes(tag[2])
        if name == "base":
            base = _join(url, attributes.get("href", "")) or url
        elif name == "meta":
            if attributes.get("name", "").lower() in ("robots", "groundwire"):
                wishes += attributes.get("content", "").lower()
        elif "nofollow" not in attributes.get("rel", "").lower():
            hrefs.append(attributes.get("href") or attributes.get("src") or "")
    title = _TITLE.search(text)
    is_followed = not ("nofollow" in wishes or "none" in wishes)
    return Outline(
        title=" ".join(unescape(title[1]).split())[:MAX_TITLE] if title else "",
        links=_links(base, hrefs) if is_followed else (),
        is_indexed=not ("noindex" in wishes or "none" in wishes),
    )


def plain(url: URL) -> URL:
    """Return the one form of an address that stands for all that mean the same page."""
    kept = [(key, value) for key, value in url.query.items() if not key.startswith("utm_")]
    return url.with_fragment(None).with_query(kept or None)


def _links(base: URL, hrefs: list[str]) -> tuple[URL, ...]:
    found: dict[URL, None] = {}
    for href in hrefs:
        if href and (link := _join(base, href)) is not None:
            found[plain(link)] = None
        if len(found) == MOST_LINKS:
            break
    return tuple(found)


def _join(base: URL, href: str) -> URL | None:
    """Return where ``href`` leads; nothing if that is no address of the web."""
    try:
        url = base.join(URL(unescape(href).strip()))
        is_web = url.scheme in ("http", "https") and bool(url.raw_host)
    except _UNREADABLE:
        return None
    return url if is_web and len(str(url)) <= MAX_URL_CHARACTERS else None


def _attributes(text: str) -> dict[str, str]:
    return {
        found[1].lower(): found[2] or found[3] or found[4] or ""
        for found in _ATTRIBUTE.finditer(text)
    }


def _decode(content: bytes) -> str:
    declared = _CHARSET.search(content[:2048])
    try:
        return content.decode(declared[1].decode() if declared else "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _without_comments(text: str) -> str:
    kept: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0:
        kept.append(text[at:start])
        end = text.find("-->", start)
        if end < 0:
            return "".join(kept)
        at = end + 3
    return "".join((*kept, text[at:]))
