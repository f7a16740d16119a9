import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from groundwire.adapters.embedded import store as store_module
from groundwire.adapters.embedded.documents import SqliteDocuments, SqliteWorkspaces
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.model.documents import Document, Unread, Version
from groundwire.model.errors import Conflict, NotFound
from groundwire.model.ids import DocumentId, PrincipalId, WorkspaceId, workspace_log
from groundwire.model.workspace_events import (
    DocumentParsing,
    DocumentPaused,
    DocumentReceived,
    DocumentRemoved,
    decode_workspace_event,
)
from groundwire.ports.documents import Workspace

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
ADA = PrincipalId("ada")
BOB = PrincipalId("bob")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "documents.db", Path(store_module.__file__).parent / "migrations")
    yield store
    store.close()


@pytest_asyncio.fixture
async def log(store: Store, tmp_path: Path) -> SqliteEventLog:
    log = SqliteEventLog(store, lambda: NOW, Counter(tmp_path / "seen"))
    for workspace in ("ws", "other"):
        await log.create(workspace_log(WorkspaceId(workspace)), name=workspace)
    return log


@pytest.fixture
def documents(store: Store, log: SqliteEventLog) -> SqliteDocuments:
    return SqliteDocuments(store, log)


@pytest.fixture
def workspaces(store: Store) -> SqliteWorkspaces:
    return SqliteWorkspaces(store)


def document(
    id: str, *, workspace: str = "ws", digest: str = "d1", age: int = 0, **more: Any
) -> Document:
    return Document(
        id=DocumentId(id),
        workspace=WorkspaceId(workspace),
        title="手册.pdf",
        media_type="application/pdf",
        size_bytes=3,
        digest=digest,
        created_at=NOW - timedelta(minutes=age),
        **more,
    )


def workspace(id: str, *, age: int = 0, model: str | None = None) -> Workspace:
    return Workspace(
        id=WorkspaceId(id), name=id.upper(), created_at=NOW - timedelta(days=age), model=model
    )


async def test_a_document_comes_back_as_it_was_stored(documents: SqliteDocuments) -> None:
    unread = (Unread(where="a/报告.pdf", code="broken", reason="This file is damaged."),)
    whole = msgspec.structs.replace(document("a"), pages=3, unread=unread)
    stored = await documents.add(whole)

    assert stored == whole
    assert await documents.get(DocumentId("a")) == stored


async def test_the_same_bytes_in_a_workspace_are_one_document(documents: SqliteDocuments) -> None:
    first = await documents.add(document("a"))

    assert await documents.add(document("b")) == first
    assert (await documents.add(document("c", workspace="other"))).id == "c"


async def test_documents_are_listed_newest_first(documents: SqliteDocuments) -> None:
    await documents.add(document("old", digest="1", age=2))
    await documents.add(document("new", digest="2", age=0))
    await documents.add(document("elsewhere", digest="3", workspace="other"))

    assert [each.id for each in await documents.list_of(WorkspaceId("ws"))] == ["new", "old"]


async def test_unfinished_documents_are_those_neither_ready_nor_failed(
    documents: SqliteDocuments,
) -> None:
    for index, status in enumerate(("queued", "embedding", "ready", "failed")):
        await documents.add(
            msgspec.structs.replace(document(status, digest=status, age=9 - index), status=status)
        )

    assert [each.id for each in await documents.list_unfinished()] == ["queued", "embedding"]


async def test_an_update_is_stored_whole(documents: SqliteDocuments) -> None:
    await documents.add(document("a"))
    changed = msgspec.structs.replace(
        document("a"),
        status="failed",
        searchable="words",
        pages=7,
        chunks=9,
        embedded=4,
        reason_code="broken",
        reason="This file is damaged.",
    )

    assert await documents.update(changed)
    assert await documents.get(DocumentId("a")) == changed


async def test_an_update_of_a_removed_document_says_so(documents: SqliteDocuments) -> None:
    await documents.add(document("a"))
    await documents.remove(DocumentId("a"))

    assert not await documents.update(document("a"))
    with pytest.raises(NotFound):
        await documents.get(DocumentId("a"))


async def test_what_is_stored_is_told_in_the_same_step_or_neither_is(
    documents: SqliteDocuments, log: SqliteEventLog
) -> None:
    name = workspace_log(WorkspaceId("ws"))
    begun = await documents.add(document("a"))
    event = DocumentParsing(document_id=begun.id, title=begun.title)
    reading = asyncio.create_task(log.wait(name, after=0))

    assert await documents.update(msgspec.structs.replace(begun, status="parsing"), event)
    await asyncio.wait_for(reading, 5)
    assert (await log.head(name)).seq == 1

    await documents.change(begun.id, lambda now: msgspec.structs.replace(now, paused=True))
    assert not await documents.update(msgspec.structs.replace(begun, status="ready"), event)
    assert (await log.head(name)).seq == 1

    await log.remove(name)
    held = await documents.get(begun.id)
    with pytest.raises(NotFound):
        await documents.update(msgspec.structs.replace(held, status="ready"), event)
    assert await documents.get(begun.id) == held


async def test_that_one_came_what_an_order_did_and_that_it_is_gone_is_told_once(
    documents: SqliteDocuments, log: SqliteEventLog
) -> None:
    came = DocumentReceived(document_id=DocumentId("a"), title="手册.pdf", size_bytes=3)
    held = DocumentPaused(document_id=DocumentId("a"), title="手册.pdf")

    def hold(now: Document) -> Document:
        return msgspec.structs.replace(now, paused=True)

    def refuse(_: Document) -> Document:
        raise Conflict("No.")

    await documents.add(document("a"), came)
    await documents.add(document("b"), came)
    for _ in range(2):
        await documents.change(DocumentId("a"), hold, lambda before, after: [held])
    with pytest.raises(Conflict):
        await documents.change(DocumentId("a"), refuse, lambda before, after: [held])
    await documents.remove(DocumentId("a"))

    recorded = await log.read(workspace_log(WorkspaceId("ws")), after=0, limit=9)
    gone = DocumentRemoved(document_id=DocumentId("a"), title="手册.pdf")
    assert [decode_workspace_event(each.data) for each in recorded] == [came, held, gone]


async def test_bytes_are_used_as_long_as_a_document_of_any_workspace_has_them(
    documents: SqliteDocuments,
) -> None:
    await documents.add(document("a"))
    await documents.add(document("b", workspace="other"))

    await documents.remove(DocumentId("a"))
    assert await documents.is_used("d1")
    await documents.remove(DocumentId("b"))
    assert not await documents.is_used("d1")
    with pytest.raises(NotFound):
        await documents.remove(DocumentId("b"))


async def test_what_is_used_is_listed_over_all_workspaces(documents: SqliteDocuments) -> None:
    new = Version(title="new.pdf", media_type="application/pdf", size_bytes=4, digest="d3")
    await documents.add(document("a"))
    await documents.add(document("b", workspace="other", next=new))
    await documents.add(document("c", workspace="other", digest="d2"))

    assert await documents.list_used() == ({"a", "b", "c"}, {"d1", "d2", "d3"})


async def test_bytes_of_a_next_version_are_those_of_the_document(
    documents: SqliteDocuments,
) -> None:
    new = Version(title="new.pdf", media_type="application/pdf", size_bytes=4, digest="d2")
    first = await documents.add(document("a", next=new))

    assert await documents.get(first.id) == first
    assert await documents.add(document("b", digest="d2")) == first
    assert await documents.find(WorkspaceId("ws"), "d2") == first
    assert await documents.find(WorkspaceId("ws"), "d1") == first
    assert await documents.find(WorkspaceId("other"), "d2") is None
    assert await documents.is_used("d2")


async def test_a_workspace_belongs_to_its_owner(workspaces: SqliteWorkspaces) -> None:
    await workspaces.create(workspace("ws"), owner=ADA)

    assert await workspaces.get(WorkspaceId("ws")) == workspace("ws")
    assert await workspaces.role_of(ADA, WorkspaceId("ws")) == "owner"
    assert await workspaces.role_of(BOB, WorkspaceId("ws")) is None


async def test_workspaces_are_listed_oldest_first(workspaces: SqliteWorkspaces) -> None:
    await workspaces.create(workspace("new"), owner=ADA)
    await workspaces.create(workspace("old", age=3), owner=ADA)
    await workspaces.create(workspace("foreign"), owner=BOB)

    assert [each.id for each in await workspaces.list_of(ADA)] == ["old", "new"]


async def test_a_workspace_can_be_changed(workspaces: SqliteWorkspaces) -> None:
    await workspaces.create(workspace("ws"), owner=ADA)

    await workspaces.change(workspace("ws", model="llama3"))

    assert (await workspaces.get(WorkspaceId("ws"))).model == "llama3"


async def test_an_unknown_workspace_is_not_found(workspaces: SqliteWorkspaces) -> None:
    with pytest.raises(NotFound):
        await workspaces.get(WorkspaceId("none"))
    with pytest.raises(NotFound):
        await workspaces.change(workspace("none"))


async def test_an_order_ends_what_was_begun_before_it(documents: SqliteDocuments) -> None:
    begun = await documents.add(document("a"))

    held = await documents.change(begun.id, lambda now: msgspec.structs.replace(now, paused=True))

    assert held.paused
    assert not await documents.update(msgspec.structs.replace(begun, status="parsing"))
    assert await documents.get(begun.id) == held
    assert await documents.update(msgspec.structs.replace(held, status="parsing"))


async def test_an_order_that_changes_nothing_disturbs_nobody(documents: SqliteDocuments) -> None:
    begun = await documents.add(document("a"))

    assert await documents.change(begun.id, lambda now: now) == begun
    assert await documents.update(msgspec.structs.replace(begun, status="parsing"))


async def test_an_order_on_what_is_gone_is_refused(documents: SqliteDocuments) -> None:
    with pytest.raises(NotFound):
        await documents.change(DocumentId("a"), lambda now: now)


async def test_batches_count_their_documents_and_are_listed_newest_first(
    documents: SqliteDocuments,
) -> None:
    stored = [
        document("a", digest="1", age=9, batch="old", status="ready"),
        document("b", digest="2", age=2, batch="new", status="failed", paused=True),
        document("c", digest="3", age=1, batch="new", paused=True),
        document("d", digest="4"),
    ]
    for each in stored:
        await documents.add(each)

    new, old = await documents.list_batches(WorkspaceId("ws"))

    assert (new.id, new.total, new.ready, new.failed, new.paused) == ("new", 2, 0, 1, 1)
    assert new.created_at == NOW - timedelta(minutes=2)
    assert (old.id, old.total, old.ready, old.is_finished) == ("old", 1, 1, True)
    assert [each.id for each in await documents.list_batch(WorkspaceId("ws"), new.id)] == [
        "b", "c",
    ]  # fmt: skip
    assert not await documents.list_batches(WorkspaceId("other"))
