"""What becomes of a document when other bytes come for it."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from groundwire.ingest.versions import digests, promoted, renamed, revised, withdrawn
from groundwire.model.documents import Document, Version
from groundwire.model.ids import DocumentId, WorkspaceId


def document(**more: Any) -> Document:
    found: dict[str, Any] = {
        "id": DocumentId("d"),
        "workspace": WorkspaceId("w"),
        "title": "old.pdf",
        "media_type": "application/pdf",
        "size_bytes": 3,
        "digest": "d1",
        "created_at": datetime(2026, 11, 29, tzinfo=UTC),
    }
    return Document(**(found | more))


FOUND = document(status="ready", searchable="meaning", pages=4, chunks=9, embedded=9)
NEW = Version(title="new.txt", media_type="text/plain", size_bytes=5, digest="d2")


def other(digest: str) -> Version:
    return msgspec.structs.replace(NEW, digest=digest)


def test_what_is_found_stays_until_the_new_version_takes_its_place() -> None:
    coming = revised(FOUND, NEW)

    assert (coming.status, coming.searchable, coming.digest) == ("queued", "meaning", "d1")
    assert coming.next == msgspec.structs.replace(NEW, pages=4, chunks=9)
    assert digests(coming) == {"d1", "d2"}
    after = promoted(coming)
    assert (after.title, after.digest, after.version, after.next) == ("new.txt", "d2", 2, None)
    assert promoted(after) == after


def test_a_version_brings_its_date_once_it_takes_the_place_of_the_one_before() -> None:
    today = datetime(2026, 11, 30, tzinfo=UTC)
    dated = msgspec.structs.replace(NEW, dated_at=today)

    coming = revised(FOUND, dated)

    assert coming.dated == FOUND.created_at
    assert withdrawn(coming) == FOUND
    assert promoted(coming).dated == today
    assert revised(document(status="failed"), dated).dated == today


def test_a_document_that_cannot_be_found_becomes_the_new_version_at_once() -> None:
    failed = document(status="failed", reason="Broken.", reason_code="broken")

    after = revised(failed, NEW)

    assert (after.status, after.digest, after.title) == ("queued", "d2", "new.txt")
    assert (after.reason, after.next, after.version) == (None, None, 1)


def test_the_same_bytes_change_nothing() -> None:
    coming = revised(FOUND, NEW)

    assert revised(FOUND, other("d1")) == FOUND
    assert revised(coming, NEW) == coming


def test_the_bytes_that_are_found_lead_back_to_them() -> None:
    half = msgspec.structs.replace(
        revised(FOUND, NEW), status="embedding", chunks=20, embedded=3, pages=7
    )

    assert revised(half, other("d1")) == FOUND
    assert withdrawn(half) == FOUND
    assert withdrawn(FOUND) == FOUND


def test_a_third_version_takes_the_place_of_the_second_and_what_was_before_is_remembered() -> None:
    half = msgspec.structs.replace(revised(FOUND, NEW), status="embedding", chunks=20, pages=7)

    third = revised(half, other("d3"))

    assert digests(third) == {"d1", "d3"}
    assert withdrawn(third) == FOUND


def test_nothing_leads_back_from_a_version_that_is_whole() -> None:
    coming = revised(FOUND, NEW)
    assert coming.next is not None
    whole = msgspec.structs.replace(
        coming, next=msgspec.structs.replace(coming.next, is_whole=True)
    )

    assert withdrawn(whole) == whole
    third = revised(whole, other("d3"))
    assert (third.digest, third.version) == ("d2", 2)
    assert revised(whole, other("d2")).digest == "d2"


def test_another_name_is_a_version_of_the_same_bytes() -> None:
    coming = renamed(FOUND, "new.txt", "text/plain")

    assert (coming.title, coming.status, coming.searchable) == ("old.pdf", "queued", "meaning")
    assert coming.next
    assert (coming.next.title, coming.next.digest) == ("new.txt", "d1")
    after = promoted(coming)
    assert (after.title, after.digest, after.dated_at) == ("new.txt", "d1", FOUND.dated_at)
    assert renamed(after, "new.txt", "text/plain") is after


def test_another_name_is_that_of_the_newest_bytes() -> None:
    after = promoted(renamed(revised(FOUND, NEW), "newest.txt", "text/plain"))

    assert (after.title, after.digest) == ("newest.txt", "d2")
    waiting = revised(FOUND, NEW)
    assert waiting.next
    done = msgspec.structs.replace(
        waiting, next=msgspec.structs.replace(waiting.next, is_whole=True)
    )
    assert renamed(done, "newer.txt", "text/plain").title == "new.txt"
