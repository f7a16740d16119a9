"""What documents are sorted by: kept beside the work on them, and what filters go by."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from groundwire.adapters.embedded import store as store_module
from groundwire.adapters.embedded.collections import SqliteCollections
from groundwire.adapters.embedded.documents import SqliteDocuments
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.bootstrap import utc_now
from groundwire.model.documents import Document
from groundwire.model.errors import Conflict, NotFound
from groundwire.model.filters import Collection, Filter
from groundwire.model.ids import CollectionId, DocumentId, WorkspaceId, workspace_log
from groundwire.model.workspace_events import (
    CollectionChanged,
    DocumentLabelled,
    WorkspaceEvent,
    decode_workspace_event,
)

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
WS = WorkspaceId("ws")
LAW = CollectionId("c_law")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "documents.db", Path(store_module.__file__).parent / "migrations")
    yield store
    store.close()


@pytest_asyncio.fixture
async def log(store: Store, tmp_path: Path) -> SqliteEventLog:
    log = SqliteEventLog(store, utc_now, Counter(tmp_path / "seen"))
    for workspace in ("ws", "other"):
        await log.create(workspace_log(WorkspaceId(workspace)), name=workspace)
    return log


@pytest.fixture
def documents(store: Store, log: SqliteEventLog) -> SqliteDocuments:
    return SqliteDocuments(store, log)


@pytest.fixture
def collections(store: Store, log: SqliteEventLog) -> SqliteCollections:
    return SqliteCollections(store, log)


async def told(log: SqliteEventLog, *, after: int = 0) -> list[WorkspaceEvent | None]:
    recorded = await log.read(workspace_log(WS), after=after, limit=100)
    return [decode_workspace_event(each.data) for each in recorded]


def document(id: str, title: str = "a.pdf", *, workspace: str = "ws", **more: Any) -> Document:
    return Document(
        id=DocumentId(id),
        workspace=WorkspaceId(workspace),
        title=title,
        media_type="application/pdf",
        size_bytes=3,
        digest=id,
        created_at=NOW,
        **more,
    )


def collection(id: str = "c_law", name: str = "Law", workspace: str = "ws") -> Collection:
    return Collection(
        id=CollectionId(id), workspace=WorkspaceId(workspace), name=name, created_at=NOW
    )


async def shelf(documents: SqliteDocuments) -> None:
    """Three documents, each of its own type and day."""
    await documents.add(document("guide", "Guide.PDF", searchable="meaning", status="ready"))
    await documents.add(
        document("mail", "re: 合同.eml", searchable="words", dated_at=NOW - timedelta(days=30))
    )
    await documents.add(document("make", "Makefile"))
    await documents.add(document("notes", "v1.2 notes"))
    await documents.add(document("elsewhere", workspace="other"))


async def met(documents: SqliteDocuments, /, **criteria: Any) -> set[str]:
    """Return what a filter lets through, by its list and by its scope."""
    filter = Filter(**criteria)
    listed = {each.id for each in await documents.list_of(WS, filter=filter)}
    assert (await documents.scope(WS, filter)).total == len(listed)
    return set(listed)


async def test_labels_are_stored_beside_the_work_on_a_document(
    documents: SqliteDocuments, collections: SqliteCollections
) -> None:
    before = await documents.add(document("a"))
    await collections.create(collection())

    labelled = await documents.label(
        before.id, tags=("2026", "合同"), pinned=True, collections=(LAW,)
    )
    # The work that began before them goes on, and knows nothing of them.
    went_on = await documents.update(msgspec.structs.replace(before, status="parsing"))
    failed = await documents.change(
        before.id, lambda now: msgspec.structs.replace(now, status="failed", tags=())
    )

    assert (labelled.tags, labelled.pinned, labelled.collections) == (
        ("2026", "合同"),
        True,
        (LAW,),
    )
    assert went_on
    found = await documents.get(before.id)
    assert (found.status, found.tags) == (failed.status, labelled.tags)
    assert (found.pinned, found.collections) == (True, (LAW,))
    assert (await collections.get(LAW)).documents == 1


async def test_what_is_not_given_stays_and_what_is_takes_the_place_of_the_old(
    documents: SqliteDocuments, collections: SqliteCollections
) -> None:
    await collections.create(collection())
    id = (await documents.add(document("a"))).id
    await documents.label(id, tags=("one", "two"), collections=(LAW,))

    assert (await documents.label(id, pinned=True)).tags == ("one", "two")
    after = await documents.label(id, tags=("three",), pinned=False, collections=())

    assert (after.tags, after.pinned, after.collections) == (("three",), False, ())


async def test_nothing_is_stored_if_a_collection_is_of_another_workspace(
    documents: SqliteDocuments, collections: SqliteCollections
) -> None:
    await collections.create(collection(workspace="other"))
    before = await documents.add(document("a"))

    with pytest.raises(NotFound):
        await documents.label(before.id, tags=("new",), collections=(LAW,))
    with pytest.raises(NotFound):
        await documents.label(DocumentId("none"), pinned=True)

    assert await documents.get(before.id) == before


async def test_what_makes_a_difference_is_told_in_the_same_step(
    documents: SqliteDocuments, collections: SqliteCollections, log: SqliteEventLog
) -> None:
    await collections.create(collection())
    a = (await documents.add(document("a"))).id
    b = (await documents.add(document("b"))).id
    await documents.label(a, tags=("new",), collections=(LAW,))
    await documents.label(a, tags=("new",))
    await collections.change(LAW, name="Laws", add=[a, b])
    await collections.change(LAW, name="Laws", remove=[b, b])
    await collections.remove(LAW)
    with pytest.raises(NotFound):
        await collections.remove(LAW)
    with pytest.raises(NotFound):
        await collections.change(LAW, name="Gone", add=[b])

    def collected(change: Any, name: str) -> CollectionChanged:
        return CollectionChanged(collection_id=LAW, name=name, change=change)

    def labelled(id: DocumentId, *tags: str, within: tuple[CollectionId, ...]) -> DocumentLabelled:
        return DocumentLabelled(
            document_id=id, title="a.pdf", tags=tags, pinned=False, collections=within
        )

    assert await told(log) == [
        collected("created", "Law"),
        labelled(a, "new", within=(LAW,)),
        collected("renamed", "Laws"),
        labelled(b, within=(LAW,)),
        labelled(b, within=()),
        collected("removed", "Laws"),
    ]


async def test_nothing_is_told_of_what_was_refused(
    documents: SqliteDocuments, collections: SqliteCollections, log: SqliteEventLog
) -> None:
    await collections.create(collection())
    await collections.create(collection("c_other", "Other"))
    id = (await documents.add(document("a"))).id

    with pytest.raises(Conflict):
        await collections.change(LAW, name="Other", add=[id])
    with pytest.raises(NotFound):
        await collections.change(LAW, name="New", add=[id, DocumentId("none")])

    assert len(await told(log)) == 2
    assert (await collections.get(LAW)).name == "Law"


async def test_pinned_documents_are_listed_oldest_first(documents: SqliteDocuments) -> None:
    for n, id in enumerate(("new", "old", "plain")):
        added = msgspec.structs.replace(document(id), created_at=NOW - timedelta(days=n))
        await documents.add(added)
        await documents.label(added.id, pinned=id != "plain")

    assert [each.id for each in await documents.list_pinned(WS)] == ["old", "new"]
    assert not await documents.list_pinned(WorkspaceId("other"))


async def test_a_filter_of_one_criterion_lets_through_what_has_any_of_its_values(
    documents: SqliteDocuments, collections: SqliteCollections
) -> None:
    await shelf(documents)
    await collections.create(collection())
    await collections.create(collection("c_none", "Empty"))
    await documents.label(DocumentId("guide"), tags=("a", "b"), collections=(LAW,))
    await documents.label(DocumentId("mail"), tags=("b",))

    assert await met(documents) == {"guide", "mail", "make", "notes"}
    assert await met(documents, documents=("guide", "make", "elsewhere", "x")) == {"guide", "make"}
    assert await met(documents, tags=("a", "c")) == {"guide"}
    assert await met(documents, tags=("b",)) == {"guide", "mail"}
    assert await met(documents, collections=(LAW, "c_none")) == {"guide"}
    assert await met(documents, collections=("c_none",)) == set()
    assert await met(documents, types=("mail", "pdf")) == {"guide", "mail"}
    assert await met(documents, types=("code",)) == {"make"}
    assert await met(documents, types=("text",)) == {"notes"}
    assert await met(documents, types=("text", "code")) == {"make", "notes"}


async def test_all_criteria_are_to_be_met(documents: SqliteDocuments) -> None:
    await shelf(documents)
    await documents.label(DocumentId("guide"), tags=("a",))
    await documents.label(DocumentId("mail"), tags=("a",))

    assert await met(documents, tags=("a",), types=("mail",)) == {"mail"}
    assert await met(documents, tags=("a",), types=("code",)) == set()


async def test_a_document_is_as_old_as_it_says_or_else_as_it_is_here(
    documents: SqliteDocuments,
) -> None:
    await shelf(documents)
    month_ago = NOW - timedelta(days=30)

    assert await met(documents, since=month_ago, until=NOW) == {"mail"}
    assert await met(documents, until=month_ago) == set()
    assert await met(documents, since=NOW) == {"guide", "make", "notes"}


async def test_a_scope_tells_which_documents_can_be_searched(documents: SqliteDocuments) -> None:
    await shelf(documents)

    scope = await documents.scope(WS, Filter(types=("pdf", "mail", "code")))

    assert (scope.total, set(scope.searchable)) == (3, {"guide", "mail"})


async def test_a_list_may_be_of_one_status(documents: SqliteDocuments) -> None:
    await shelf(documents)

    ready = await documents.list_of(WS, filter=Filter(types=("pdf", "code")), status="ready")

    assert [each.id for each in ready] == ["guide"]


async def test_a_collection_is_changed_in_one_step(
    documents: SqliteDocuments, collections: SqliteCollections
) -> None:
    await collections.create(collection())
    one, two = [(await documents.add(document(id))).id for id in ("one", "two")]
    await collections.change(LAW, add=[one])

    changed = await collections.change(LAW, name="Contracts", add=[one, two], remove=[one])

    assert (changed.name, changed.documents) == ("Contracts", 1)
    assert await collections.get(LAW) == changed
    assert (await documents.get(one)).collections == ()
    with pytest.raises(NotFound):
        await collections.change(LAW, name="Half", add=[one, DocumentId("none")])
    assert await collections.get(LAW) == changed


async def test_collections_of_a_workspace_have_names_of_their_own(
    collections: SqliteCollections,
) -> None:
    await collections.create(collection())
    await collections.create(collection("c_other", workspace="other"))
    await collections.create(collection("c_mail", "Mail"))

    with pytest.raises(Conflict):
        await collections.create(collection("c_again"))
    with pytest.raises(Conflict):
        await collections.change(CollectionId("c_mail"), name="Law")
    assert (await collections.change(LAW, name="Law")).name == "Law"
    assert [each.id for each in await collections.list_of(WS)] == [LAW, "c_mail"]


async def test_a_collection_that_goes_leaves_its_documents_and_a_document_its_collections(
    documents: SqliteDocuments, collections: SqliteCollections
) -> None:
    await collections.create(collection())
    await collections.create(collection("c_mail", "Mail"))
    id = (await documents.add(document("a"))).id
    await documents.label(id, tags=("t",), collections=(LAW, CollectionId("c_mail")))

    await collections.remove(LAW)

    assert (await documents.get(id)).collections == ("c_mail",)
    with pytest.raises(NotFound):
        await collections.get(LAW)
    await documents.remove(id)
    assert (await collections.get(CollectionId("c_mail"))).documents == 0
    assert await documents.add(document("a")) == document("a")
