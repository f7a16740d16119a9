"""Workspaces, documents and conversations over HTTP."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import get_args

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from groundwire.app import Assistant
from groundwire.library import Order
from groundwire.model.access import Identity
from groundwire.model.errors import GroundwireError, InvalidField
from groundwire.model.ids import BatchId, DocumentId, MessageId, WorkspaceId
from groundwire.transport.bodies import (
    AutoBody,
    BatchBody,
    BatchesBody,
    ChangeWorkspace,
    ConversationBody,
    DocumentBody,
    EmbedderBody,
    MessagesBody,
    ModelsBody,
    NewConversation,
    NewText,
    NewWorkspace,
    PassagesBody,
    Rename,
    SearchFor,
    WorkspacesBody,
    answer,
    read_body,
)
from groundwire.transport.commands import snapshot
from groundwire.transport.identity import Doorkeeper
from groundwire.transport.listing import read_listing
from groundwire.transport.problems import as_response

MAX_FILES = 1_000
READ_BYTES = 262_144
MESSAGES = 50
PAGE_WIDTH = 1200
MOST_MESSAGES = 200
ORDERS: tuple[Order, ...] = get_args(Order)
BATCH = re.compile(r"[\w.-]{1,64}", re.ASCII)
# What a browser may show in place; anything else it downloads, so that an uploaded page
# never runs as one of ours.
INLINE = frozenset(
    {
        *("application/pdf", "text/plain", "text/markdown", "text/csv"),
        *("image/png", "image/jpeg", "image/webp"),
    }
)


@dataclass(frozen=True, slots=True)
class Resources:
    assistant: Assistant
    doorkeeper: Doorkeeper

    def routes(self) -> list[Route]:
        return [
            Route("/workspaces", self.list_workspaces, methods=["GET"]),
            Route("/workspaces", self.create_workspace, methods=["POST"]),
            Route("/workspaces/{id}", self.get_workspace, methods=["GET"]),
            Route("/workspaces/{id}", self.change_workspace, methods=["PATCH"]),
            Route("/workspaces/{id}/documents", self.upload, methods=["POST"]),
            Route("/workspaces/{id}/documents", self.list_documents, methods=["GET"]),
            Route("/workspaces/{id}/texts", self.add_text, methods=["POST"]),
            Route("/workspaces/{id}/batches", self.list_batches, methods=["GET"]),
            Route("/workspaces/{id}/batches/{batch}", self.get_batch, methods=["GET"]),
            *(
                Route(
                    f"/workspaces/{{id}}/batches/{{batch}}/{order}",
                    partial(self.order_batch, order),
                    methods=["POST"],
                )
                for order in ORDERS
            ),
            Route("/workspaces/{id}/embedder", self.describe_embedder, methods=["GET"]),
            Route("/workspaces/{id}/search", self.search, methods=["POST"]),
            Route("/workspaces/{id}/conversations", self.list_conversations, methods=["GET"]),
            Route("/documents/{id}", self.get_document, methods=["GET"]),
            Route("/documents/{id}", self.remove_document, methods=["DELETE"]),
            *(
                Route(f"/documents/{{id}}/{order}", partial(self.order, order), methods=["POST"])
                for order in ORDERS
            ),
            Route("/documents/{id}/page", self.get_page, methods=["GET"]),
            Route("/documents/{id}/content", self.get_content, methods=["GET"]),
            Route("/documents/{id}/content", self.revise, methods=["PUT"]),
            Route("/conversations", self.begin, methods=["POST"]),
            Route("/conversations/{id}", self.get_conversation, methods=["GET"]),
            Route("/conversations/{id}/messages", self.list_messages, methods=["GET"]),
            Route("/conversations/{id}", self.rename, methods=["PATCH"]),
            Route("/conversations/{id}", self.remove, methods=["DELETE"]),
            Route("/models", self.list_models, methods=["GET"]),
        ]

    async def list_workspaces(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        found = await self.assistant.library.list_workspaces(identity)
        return answer(WorkspacesBody(workspaces=list(found)))

    async def create_workspace(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        body = await read_body(request, NewWorkspace)
        return answer(await self.assistant.library.create_workspace(identity, body.name), 201)

    async def get_workspace(self, request: Request) -> Response:
        identity, id = await self._workspace(request)
        return answer(await self.assistant.library.get_workspace(identity, id))

    async def change_workspace(self, request: Request) -> Response:
        identity, id = await self._workspace(request)
        body = await read_body(request, ChangeWorkspace)
        if body.model:
            await self.assistant.models.choose(body.model, language="en", grounded=True)
        changed = await self.assistant.library.change_workspace(
            identity, id, name=body.name, model=body.model
        )
        return answer(changed)

    async def upload(self, request: Request) -> Response:
        """Take in the files of a form; one that is refused does not hold back the others."""
        identity, id = await self._workspace(request)
        _require_form(request)
        batch = _batch_of(request.query_params.get("batch")) or self.assistant.library.new_batch()
        taken: list[object] = []
        refused: list[GroundwireError] = []
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FILES) as form:
            files = [file for file in form.getlist("file") if isinstance(file, UploadFile)]
            for file in files:
                name = file.filename or "document"
                try:
                    document = await self.assistant.library.upload(
                        identity, id, name, _content(file), batch=batch
                    )
                    taken.append(DocumentBody.of(document))
                except GroundwireError as error:
                    refused.append(error)
                    taken.append(_refusal(name, error))
        if not taken:
            raise InvalidField("file", "There is no `file` in this form.")
        if len(refused) == len(taken) == 1:
            return as_response(refused[0])
        return answer({"documents": taken}, 202)

    async def add_text(self, request: Request) -> Response:
        """Take in a text that is in no file."""
        identity, id = await self._workspace(request)
        body = await read_body(request, NewText)
        library = self.assistant.library
        batch = _batch_of(body.batch) or library.new_batch()
        document = await library.add_text(identity, id, body.title, body.text, batch=batch)
        return answer(DocumentBody.of(document), 202)

    async def list_documents(self, request: Request) -> Response:
        """Return all, or those that meet the query: failed ones say why and may be retried."""
        identity, id = await self._workspace(request)
        wanted = read_listing(request.query_params)
        found = await self.assistant.library.list_documents(
            identity, id, filter=wanted.filter, status=wanted.status
        )
        return answer({"documents": [DocumentBody.of(document) for document in found]})

    async def list_batches(self, request: Request) -> Response:
        identity, id = await self._workspace(request)
        found = await self.assistant.library.list_batches(identity, id)
        return answer(BatchesBody(batches=[BatchBody.of(batch) for batch in found]))

    async def get_batch(self, request: Request) -> Response:
        identity, id = await self._workspace(request)
        batch = BatchId(request.path_params["batch"])
        (found,) = await self.assistant.library.list_batches(identity, id, batch=batch)
        return answer(BatchBody.of(found))

    async def order_batch(self, order: Order, request: Request) -> Response:
        identity, id = await self._workspace(request)
        batch = BatchId(request.path_params["batch"])
        after = await self.assistant.library.order_batch(identity, id, batch, order)
        return answer(BatchBody.of(after))

    async def order(self, order: Order, request: Request) -> Response:
        identity, id = await self._document(request)
        after = await self.assistant.library.order(identity, id, order)
        return answer(DocumentBody.of(after))

    async def get_document(self, request: Request) -> Response:
        identity, id = await self._document(request)
        return answer(DocumentBody.of(await self.assistant.library.get_document(identity, id)))

    async def remove_document(self, request: Request) -> Response:
        identity, id = await self._document(request)
        await self.assistant.library.remove_document(identity, id)
        return Response(status_code=204)

    async def get_content(self, request: Request) -> Response:
        """Return the original bytes."""
        identity, id = await self._document(request)
        document, path = await self.assistant.library.get_content(identity, id)
        is_shown = document.media_type in INLINE
        return FileResponse(
            path,
            media_type=document.media_type if is_shown else "application/octet-stream",
            filename=document.title,
            content_disposition_type="inline" if is_shown else "attachment",
            headers={"x-content-type-options": "nosniff", "cache-control": "private, no-cache"},
        )

    async def get_page(self, request: Request) -> Response:
        """Return a page as a picture, with a passage marked on it."""
        identity, id = await self._document(request)
        image = await self.assistant.library.draw_page(
            identity,
            id,
            _number(request, "page", 1),
            width=_number(request, "width", PAGE_WIDTH),
            passage=request.query_params.get("passage"),
        )
        headers = {"cache-control": "private, max-age=300", "x-content-type-options": "nosniff"}
        return Response(image, media_type="image/webp", headers=headers)

    async def revise(self, request: Request) -> Response:
        """Take the one file of a form as another version of the document."""
        identity, id = await self._document(request)
        _require_form(request)
        async with request.form(max_files=1, max_fields=1) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise InvalidField("file", "There is no `file` in this form.")
            document = await self.assistant.library.revise(
                identity, id, file.filename or "document", _content(file)
            )
        return answer(DocumentBody.of(document), 202)

    async def describe_embedder(self, request: Request) -> Response:
        identity, id = await self._workspace(request)
        return answer(EmbedderBody.of(await self.assistant.library.describe_embedder(identity, id)))

    async def search(self, request: Request) -> Response:
        identity, id = await self._workspace(request)
        body = await read_body(request, SearchFor)
        found, scope = await self.assistant.library.find_passages(
            identity, id, body.query, limit=body.limit, filter=body.filter
        )
        return answer(PassagesBody.of(found, scope.total))

    async def list_conversations(self, request: Request) -> Response:
        identity, id = await self._workspace(request)
        found = await self.assistant.archive.list_conversations(identity, id)
        return answer({"conversations": [ConversationBody.of(each) for each in found]})

    async def begin(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        body = await read_body(request, NewConversation)
        return answer(
            ConversationBody.of(await self.assistant.archive.begin(identity, body.workspace_id)),
            201,
        )

    async def get_conversation(self, request: Request) -> Response:
        """Return the snapshot, the same as an attachment without a cursor is sent."""
        identity = await self.doorkeeper.require(request)
        return answer(
            snapshot(await self.assistant.archive.view(identity, request.path_params["id"]))
        )

    async def list_messages(self, request: Request) -> Response:
        """Return the messages before one, or the newest: what a snapshot leaves out."""
        identity = await self.doorkeeper.require(request)
        before = request.query_params.get("before")
        found = await self.assistant.archive.list_messages(
            identity,
            request.path_params["id"],
            before=MessageId(before) if before else None,
            limit=_limit(request),
        )
        return answer(MessagesBody(messages=found.messages, has_more=found.has_more))

    async def rename(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        body = await read_body(request, Rename)
        await self.assistant.archive.rename(identity, request.path_params["id"], body.title)
        return Response(status_code=204)

    async def remove(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        await self.assistant.remove(identity, request.path_params["id"])
        return Response(status_code=204)

    async def list_models(self, request: Request) -> Response:
        await self.doorkeeper.require(request)
        models = self.assistant.models
        language = "zh" if request.query_params.get("language") == "zh" else "en"
        choice = await models.choose(None, language=language, grounded=True)
        auto = AutoBody(name=choice.model.info.name, why=choice.why)
        return answer(ModelsBody(models=list(await models.list_models()), auto=auto))

    async def _workspace(self, request: Request) -> tuple[Identity, WorkspaceId]:
        identity = await self.doorkeeper.require(request)
        return identity, WorkspaceId(request.path_params["id"])

    async def _document(self, request: Request) -> tuple[Identity, DocumentId]:
        identity = await self.doorkeeper.require(request)
        return identity, DocumentId(request.path_params["id"])


async def _content(file: UploadFile) -> AsyncIterator[bytes]:
    while part := await file.read(READ_BYTES):
        yield part


def _require_form(request: Request) -> None:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise InvalidField("file", "Send the files as multipart/form-data, in `file`.")


def _batch_of(text: str | None) -> BatchId | None:
    """Return which batch the files belong to, if that is said. Raises ``InvalidField``."""
    if text is None:
        return None
    if not BATCH.fullmatch(text):
        raise InvalidField("batch", "`batch` has 1 to 64 letters, digits, `.`, `_` or `-`.")
    return BatchId(text)


def _number(request: Request, name: str, default: int) -> int:
    """Return the number that ``name`` asks for. Raises ``InvalidField``."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) > 0):
        raise InvalidField(name, f"`{name}` is a number from 1 on.")
    return int(text)


def _limit(request: Request) -> int:
    """Return how many messages are asked for. Raises ``InvalidField``."""
    text = request.query_params.get("limit", str(MESSAGES))
    if not text.isdecimal() or len(text) > 3 or not 1 <= int(text) <= MOST_MESSAGES:
        raise InvalidField("limit", f"`limit` is a number from 1 to {MOST_MESSAGES}.")
    return int(text)


def _refusal(name: str, error: GroundwireError) -> dict[str, object]:
    return {
        "id": None,
        "title": name,
        "status": "failed",
        "reason": error.message,
        "reasonCode": error.details.get("reason", error.code),
    }
