"""The store of feeds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from groundwire.adapters.embedded import store as store_module
from groundwire.adapters.embedded.documents import SqliteDocuments
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.feeds import SqliteFeeds
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.bootstrap import utc_now
from groundwire.model.documents import Document
from groundwire.model.errors import NotFound
from groundwire.model.feeds import Counts, Feed, FeedItem, FeedOptions, Refusal
from groundwire.model.ids import BatchId, DocumentId, FeedId, PrincipalId, WorkspaceId
from groundwire.ports.feeds import Unheld

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
WS = WorkspaceId("ws")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "feeds.db", Path(store_module.__file__).parent / "migrations")
    yield store
    store.close()


@pytest.fixture
def feeds(store: Store) -> SqliteFeeds:
    return SqliteFeeds(store)


def feed(id: str, **more: object) -> Feed:
    made = Feed(
        id=FeedId(id),
        workspace=WS,
        kind="site",
        address=f"https://example.org/{id}",
        added_by=PrincipalId("ada"),
        created_at=NOW,
    )
    return replace(made, **more)


def item(feed: str, uri: str, document: str) -> FeedItem:
    return FeedItem(
        feed=FeedId(feed),
        uri=uri,
        document=DocumentId(document),
        mark="m",
        batch=BatchId("b"),
        since=BatchId("b"),
    )


async def test_a_feed_comes_back_as_it_was_stored(feeds: SqliteFeeds) -> None:
    whole = feed(
        "a",
        options=FeedOptions(depth=1, include=("docs/*",)),
        interval_s=60.0,
        status="failed",
        synced_at=NOW,
        next_at=NOW + timedelta(seconds=60),
        batch=BatchId("b"),
        counts=Counts(added=1, refused=2),
        refusals=(Refusal(uri="x", code="too_large", reason="Large."),),
        reason_code="unreachable",
        reason="Nobody answers.",
    )
    await feeds.add(whole)

    assert await feeds.get(FeedId("a")) == whole
    with pytest.raises(NotFound):
        await feeds.get(FeedId("b"))


async def test_only_what_is_due_is_due_the_longest_first(feeds: SqliteFeeds) -> None:
    for id, seconds in (("late", -60), ("later", -5), ("soon", 5)):
        await feeds.add(feed(id, next_at=NOW + timedelta(seconds=seconds)))
    await feeds.add(feed("by hand"))
    await feeds.add(feed("removed", next_at=NOW, removed=True))
    await feeds.add(feed("paused", next_at=NOW, paused=True))

    assert [each.id for each in await feeds.list_due(NOW)] == ["late", "later"]


async def test_nobody_sees_a_removed_feed_but_who_cleans_up(feeds: SqliteFeeds) -> None:
    await feeds.add(feed("a"))
    await feeds.add(feed("b", status="syncing"))
    await feeds.change(FeedId("a"), lambda now: replace(now, removed=True))

    assert [each.id for each in await feeds.list_of(WS)] == ["b"]
    assert [each.id for each in await feeds.list_unfinished()] == ["a", "b"]
    await feeds.change(FeedId("b"), lambda now: replace(now, paused=True))
    assert [each.id for each in await feeds.list_unfinished()] == ["a"]
    await feeds.forget(FeedId("a"))
    with pytest.raises(NotFound):
        await feeds.change(FeedId("a"), lambda now: now)


async def test_items_are_kept_by_their_uri(feeds: SqliteFeeds) -> None:
    await feeds.keep(item("a", "x", "d1"))
    await feeds.keep(item("a", "x", "d2"))
    await feeds.keep(item("a", "y", "d2"))
    await feeds.keep(item("b", "x", "d2"))

    assert await feeds.list_items(FeedId("a")) == [item("a", "x", "d2"), item("a", "y", "d2")]
    assert await feeds.count_holders(DocumentId("d2")) == 3
    await feeds.drop(FeedId("a"), ["x", "unknown"])
    assert await feeds.count_holders(DocumentId("d2")) == 2


async def test_a_document_is_unheld_once_its_feed_has_no_item_of_it(
    feeds: SqliteFeeds, store: Store, tmp_path: Path
) -> None:
    log = SqliteEventLog(store, utc_now, Counter(tmp_path / "seen"))
    documents = SqliteDocuments(store, log)
    for id, of in (("mine", "a"), ("shared", "a"), ("held", "a"), ("theirs", "b"), ("own", None)):
        await documents.add(
            Document(
                id=DocumentId(id),
                workspace=WS,
                title=id,
                media_type="text/plain",
                size_bytes=1,
                digest=id,
                created_at=NOW,
                feed=FeedId(of) if of else None,
            )
        )
    await feeds.keep(item("a", "x", "held"))
    await feeds.keep(item("b", "y", "shared"))

    assert sorted(await feeds.list_unheld(FeedId("a"))) == [
        Unheld(DocumentId("mine"), None),
        Unheld(DocumentId("shared"), FeedId("b")),
    ]
