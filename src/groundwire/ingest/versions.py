"""What becomes of a document when other bytes come for it. Pure."""

import msgspec

from groundwire.model.documents import Document, Version

_change = msgspec.structs.replace


def restarted(document: Document) -> Document:
    """Return the document as it is before any work on it."""
    return _change(document, status="queued", paused=False, reason=None, reason_code=None)


def revised(document: Document, version: Version) -> Document:
    """Return the document with ``version`` to be read.

    What can be found stays so until the new version is whole. A document that cannot be found
    by its meaning yet has nothing to keep, and becomes the new version at once. With the bytes
    that it has already it goes back to them.
    """
    if document.next is not None and document.next.is_whole:
        document = promoted(document)
    if version.digest == read_of(document).digest:
        return document
    if version.digest == document.digest:
        return withdrawn(document)
    return _coming(document, version)


def renamed(document: Document, title: str, media_type: str) -> Document:
    """Return the document to be read under another name, which it is found by as well."""
    if document.next is not None and document.next.is_whole:
        document = promoted(document)
    what = read_of(document)
    if title == what.title:
        return document
    version = Version(
        title=title,
        media_type=media_type,
        size_bytes=what.size_bytes,
        digest=what.digest,
        dated_at=what.dated_at,
    )
    return _coming(document, version)


def _coming(document: Document, version: Version) -> Document:
    if document.searchable == "meaning":
        before = document.next or document
        kept = _change(version, pages=before.pages, chunks=before.chunks, unread=before.unread)
        return _change(restarted(document), next=kept)
    return _change(
        restarted(document),
        title=version.title,
        media_type=version.media_type,
        size_bytes=version.size_bytes,
        digest=version.digest,
        dated_at=version.dated_at,
    )


def withdrawn(document: Document) -> Document:
    """Return the document without its next version, as it was before that came."""
    before = document.next
    if before is None or before.is_whole:
        return document
    return _change(
        restarted(document),
        status="ready",
        pages=before.pages,
        chunks=before.chunks,
        embedded=before.chunks,
        unread=before.unread,
        next=None,
    )


def promoted(document: Document) -> Document:
    """Return the document with its next version in place of the present one."""
    new = document.next
    if new is None:
        return document
    return _change(
        document,
        title=new.title,
        media_type=new.media_type,
        size_bytes=new.size_bytes,
        digest=new.digest,
        dated_at=new.dated_at,
        version=document.version + 1,
        next=None,
    )


def read_of(document: Document) -> Document | Version:
    """Return what is read of it: the next version, if one came."""
    return document.next or document


def digests(document: Document) -> set[str]:
    """Return whose bytes it needs."""
    return {document.digest} | ({document.next.digest} if document.next else set[str]())
