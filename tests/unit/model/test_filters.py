"""Filters and tags as they are stored, and the types that documents are of."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from groundwire.model.document_types import NAMED, TYPES, ends_of, type_of
from groundwire.model.documents import Document
from groundwire.model.errors import InvalidField
from groundwire.model.filters import MAX_TAG, Filter, clean_tags, cleaned
from groundwire.model.ids import CollectionId, DocumentId, WorkspaceId
from groundwire.model.workspace_events import DocumentLabelled

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_a_filter_without_criteria_is_none() -> None:
    assert cleaned(None) is None
    assert cleaned(Filter()) is None
    assert cleaned(Filter(since=NOON)) == Filter(since=NOON)


def test_each_value_is_kept_once_and_times_are_in_utc() -> None:
    in_china = NOON.astimezone(timezone(timedelta(hours=8)))

    clean = cleaned(
        Filter(
            documents=(DocumentId("b"), DocumentId("a"), DocumentId("b")),
            tags=("Tax", " tax "),
            collections=(CollectionId("c"), CollectionId("c")),
            types=("pdf", "pdf"),
            since=in_china,
            until=in_china,
        )
    )

    assert clean is not None
    assert clean == Filter(
        documents=(DocumentId("b"), DocumentId("a")),
        tags=("tax",),
        collections=(CollectionId("c"),),
        types=("pdf",),
        since=NOON,
        until=NOON,
    )
    assert clean.since is not None
    assert clean.since.isoformat().endswith("+00:00")


def test_a_time_beyond_the_calendar_is_at_its_end() -> None:
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))

    assert cleaned(Filter(since=first)) == Filter(since=datetime(1, 1, 1, tzinfo=UTC))


def test_tags_are_kept_in_lower_case_and_in_order() -> None:
    assert clean_tags(("Übung  2", "合同", "a\u0308b", "ÄB")) == ("äb", "übung 2", "合同")


@pytest.mark.parametrize("tag", ["", "  ", "x" * (MAX_TAG + 1), "a\u200bb"])
def test_what_nobody_could_read_is_no_tag(tag: str) -> None:
    with pytest.raises(InvalidField) as refused:
        clean_tags((tag,), field="filter.tags")

    assert refused.value.details["field"] == "filter.tags"


@pytest.mark.parametrize(
    ("title", "type"),
    [
        ("Guide.PDF", "pdf"),
        ("re: 合同.eml", "mail"),
        ("a.b.tar.htm", "html"),
        ("Makefile", "code"),
        ("main.rs", "code"),
        ("notes", "text"),
        ("v1.2 notes", "text"),
        (".md", "markdown"),
        ("扫描.jpeg", "image"),
    ],
)
def test_the_name_tells_the_type(title: str, type: str) -> None:
    assert type_of(title) == type


def test_every_end_of_a_name_is_of_one_type() -> None:
    ends = [end for type in TYPES for end in ends_of(type)]

    assert sorted(ends) == sorted(NAMED)
    assert [type_of(f"a.{end}") for end in ends] == [type for type in TYPES for _ in ends_of(type)]


def test_what_is_told_of_a_document_is_all_that_it_is_sorted_by() -> None:
    document = Document(
        id=DocumentId("d"),
        workspace=WorkspaceId("w"),
        title="合同.pdf",
        media_type="application/pdf",
        size_bytes=1,
        digest="0",
        created_at=NOON,
        tags=("2026", "tax"),
        pinned=True,
        collections=(CollectionId("c"),),
    )

    assert DocumentLabelled.of(document) == DocumentLabelled(
        document_id=DocumentId("d"),
        title="合同.pdf",
        tags=("2026", "tax"),
        pinned=True,
        collections=(CollectionId("c"),),
    )
