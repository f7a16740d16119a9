"""A workspace that is followed: its documents, and how far each has come."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from groundwire_client._backoff import backoff_s
from groundwire_client._connection import Connection
from groundwire_client._documents import DocumentInfo, Documents, fold_documents, merge
from groundwire_client._line import end
from groundwire_client._log import LogReader
from groundwire_client._rest import File, Rest
from groundwire_client._signal import Signal, changes
from groundwire_client._state import Snapshot
from groundwire_client._wire import Notice
from groundwire_client.errors import Closed, GroundwireError, NotFound, told
from groundwire_client.events import Recorded

MISSED = 1024
"""Of the events that come while the documents are listed so many are kept; if there are more,
the list is read again.
"""


class _Listing:
    """Keeps the list of documents: read once, then changed by the workspace's log."""

    def __init__(self, id: str, connection: Connection, rest: Rest) -> None:
        self.documents: Documents = ()
        self.signal = Signal()
        self.is_loaded = False
        self.reader = LogReader("workspaceId", id, self, connection)
        self._rest = rest
        self._missed: list[Recorded] = []
        self._put: list[DocumentInfo] = []
        self._task: asyncio.Task[None] | None = None

    def begin(self, _head: int, /) -> bool:
        """List the documents after the head is known, so that the list holds at least all up
        to it; what the log then repeats sets the same fields once more.
        """
        if self._task is not None:
            self._task.cancel()
        self._missed.clear()
        self._task = asyncio.create_task(self._list(), name="groundwire documents")
        return True

    def load(self, snapshot: Snapshot) -> None:
        pass

    def add(self, recorded: Recorded) -> None:
        if self._is_listing:
            if len(self._missed) <= MISSED:
                self._missed.append(recorded)
        else:
            self.documents = fold_documents(self.documents, recorded)
            self.signal.notify()

    def hear(self, notice: Notice) -> None:
        pass

    def changed(self) -> None:
        self.signal.notify()

    def put(self, documents: list[DocumentInfo]) -> None:
        """Take documents of which neither the log nor a list under way may have told yet."""
        self._put = [*self._put, *documents] if self._is_listing else []
        self.documents = merge(self.documents, documents)
        self.signal.notify()

    async def aclose(self) -> None:
        if self._task is not None:
            await end(self._task)

    @property
    def _is_listing(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _list(self) -> None:
        tries = 0
        while True:
            try:
                documents = tuple(await self._rest.documents(self.reader.id))
            except GroundwireError as error:
                if not error.retryable:
                    self.reader.refuse(error)
                    return
                await asyncio.sleep(backoff_s(tries))
                tries += 1
                continue
            if len(self._missed) <= MISSED:
                break
            self._missed.clear()
        documents = merge(documents, self._put)
        for recorded in self._missed:
            documents = fold_documents(documents, recorded)
        self._missed.clear()
        self._put = []
        self.documents, self.is_loaded = documents, True
        self.signal.notify()


class Upload:
    """A document that was uploaded, on its way to be found.

    ``async for document in upload`` yields it after every step until it is ready or failed.
    """

    def __init__(self, listing: _Listing, document: DocumentInfo) -> None:
        self._listing = listing
        self._first = document

    @property
    def document(self) -> DocumentInfo:
        """The document as far as it has come."""
        return self._known() or self._first

    def __aiter__(self) -> AsyncIterator[DocumentInfo]:
        return changes(lambda: self.document, self._listing.signal, is_over=self._is_over)

    async def ready(self) -> DocumentInfo:
        """Return it once it is found by its words and its meaning.

        Raises ``UnreadableDocument`` if it cannot become a document, ``NotFound`` if it was
        deleted.
        """
        while not self._is_over():
            await self._listing.signal.wait()
        document = self.document
        if document.status == "failed":
            reason = document.reason or "This file cannot become a document."
            detail = {"reason": document.reason_code}
            raise told("unreadable_document", reason, detail=detail)
        return document

    def _known(self) -> DocumentInfo | None:
        documents = self._listing.documents
        return next((each for each in documents if each.id == self._first.id), None)

    def _is_over(self) -> bool:
        if self.document.is_finished:
            return True
        if (refusal := self._listing.reader.refusal) is not None:
            raise refusal
        if self._listing.is_loaded and self._known() is None:
            raise NotFound("This document was deleted.")
        return False


class Workspace:
    """One workspace and its documents, kept current over every reconnect until it is closed."""

    def __init__(self, id: str, connection: Connection, rest: Rest) -> None:
        self.id = id
        self._connection = connection
        self._rest = rest
        self._listing = _Listing(id, connection, rest)
        connection.attach(self._listing.reader)

    def __repr__(self) -> str:
        return f"<Workspace {self.id!r}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Follow it no longer. What was uploaded goes on at the server."""
        self._connection.detach(self._listing.reader)
        self._listing.reader.refuse(Closed("This workspace was closed here."))
        await self._listing.aclose()

    @property
    def is_closed(self) -> bool:
        """Whether it is followed no longer: closed here, gone, or no longer yours."""
        return self._listing.reader.refusal is not None

    @property
    def documents(self) -> tuple[DocumentInfo, ...]:
        """The documents, the newest first; empty until they are ``loaded``."""
        return self._listing.documents

    def changes(self) -> AsyncIterator[tuple[DocumentInfo, ...]]:
        """Yield the documents now and after every change. Raises what ends the following."""
        return changes(lambda: self.documents, self._listing.signal, is_over=self._is_over)

    async def loaded(self) -> tuple[DocumentInfo, ...]:
        """Return the documents once they are known."""
        while not self._listing.is_loaded:
            if (refusal := self._listing.reader.refusal) is not None:
                raise refusal
            await self._listing.signal.wait()
        return self.documents

    async def upload(self, *files: File) -> list[Upload]:
        """Send files, each a path or a name with its content. Returns when they are stored.

        One that is refused does not hold back the others: its ``ready`` raises. Where it was
        the only one, this raises.
        """
        documents = await self._rest.upload(self.id, *files)
        self._listing.put(documents)
        return [Upload(self._listing, document) for document in documents]

    def _is_over(self) -> bool:
        refusal = self._listing.reader.refusal
        if refusal is None or isinstance(refusal, Closed):
            return refusal is not None
        raise refusal
