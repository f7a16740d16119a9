"""What each route takes and answers: the part of OpenAPI that handlers do not say themselves."""

from typing import get_args

from groundwire.model.documents import DocumentStatus
from groundwire.ports.documents import Workspace
from groundwire.transport.bodies import (
    BatchBody,
    BatchesBody,
    ChangeWorkspace,
    ConversationBody,
    DocumentBody,
    EmbedderBody,
    Login,
    MessagesBody,
    ModelsBody,
    NewConversation,
    NewKey,
    NewText,
    NewWorkspace,
    PassagesBody,
    Rename,
    SearchFor,
    SetUp,
    WorkspacesBody,
)
from groundwire.transport.poll import Page
from groundwire.transport.rest import INLINE
from groundwire.transport.spec import answers
from groundwire.transport.spec.asyncapi import CURSOR, DEVICE
from groundwire.transport.spec.feed_routes import FEEDS
from groundwire.transport.spec.operation import Operation
from groundwire.transport.spec.schemas import Schema
from groundwire.transport.spec.sorting_routes import FILTERS, SORTING

FILES = "multipart/form-data"
STREAM = "text/event-stream"


_WORKSPACE = ("not_found",)
_ORDERS = {
    "pause": "Hold the work",
    "resume": "Go on with the work",
    "cancel": "Give up the work",
    "retry": "Try the failed work again",
}
_BATCH: Schema = {
    "type": "string",
    "pattern": r"^[\w.-]{1,64}$",
    "description": "What these files belong to with others; else a batch of their own.",
}
_STATUS: Schema = {
    "type": "string",
    "enum": [*get_args(DocumentStatus)],
    "description": "Only those that have come so far.",
}
_LAST: Schema = {"type": "string", "description": "Where to go on from; counts before `cursor`."}
_WAIT: Schema = {
    "type": "number",
    "minimum": 0,
    "maximum": 60,
    "default": 25,
    "description": "How many seconds to wait for something.",
}
_LIMIT: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": 1000,
    "default": 500,
    "description": "How many events at most.",
}
_POLL = {"cursor": CURSOR, "wait": _WAIT, "limit": _LIMIT}
_POLL_ERRORS = ("not_found", "invalid_field", "gone", "unrecoverable_cursor", "connection_limit")
OPERATIONS: dict[str, Operation] = {
    "GET /healthz": Operation(
        "alive", "Whether the process lives", answers.AliveBody, is_open=True
    ),
    "GET /readyz": Operation(
        "ready", "Whether questions are taken", answers.AliveBody, is_open=True
    ),
    "GET /spec": Operation("readSpecification", "A page to read", "text/html", is_open=True),
    "GET /spec/PROTOCOL.md": Operation(
        "getProtocol", "The conversation protocol in words", "text/markdown", is_open=True
    ),
    "GET /spec/asyncapi.json": Operation(
        "getAsyncApi", "The socket and the streams", "application/json", is_open=True
    ),
    "GET /spec/openapi.json": Operation(
        "getOpenApi", "This document", "application/json", is_open=True
    ),
    "GET /api/v1/setup": Operation(
        "getSetup",
        "Whether the owner has yet to be created, and whether the request says who asks",
        answers.EntranceBody,
        is_open=True,
    ),
    "POST /api/v1/setup": Operation(
        "setUp",
        "Create the owner's account with the token of the link that the first start prints",
        answers.SignedInBody,
        201,
        takes=SetUp,
        errors=("unauthorized", "token_expired", "rate_limited"),
        is_open=True,
    ),
    "POST /api/v1/login": Operation(
        "login",
        "Sign in with name and password",
        answers.SignedInBody,
        201,
        takes=Login,
        errors=("unauthorized", "rate_limited"),
        is_open=True,
    ),
    "POST /api/v1/logout": Operation(
        "logout", "End the session; its connections close", answers.SignedOutBody
    ),
    "GET /api/v1/me": Operation("getMe", "Who asks, and their own workspace", answers.MeBody),
    "POST /api/v1/tickets": Operation(
        "createTicket",
        "A ticket that opens one connection within 30 s",
        answers.TicketBody,
        201,
    ),
    "GET /api/v1/keys": Operation("listKeys", "Your API keys", answers.KeysBody),
    "POST /api/v1/keys": Operation(
        "createKey",
        "A new API key, which is shown this once",
        answers.IssuedKeyBody,
        201,
        takes=NewKey,
    ),
    "DELETE /api/v1/keys/{id}": Operation(
        "revokeKey", "Revoke a key; its connections close", status=204, errors=("not_found",)
    ),
    "GET /api/v1/workspaces": Operation(
        "listWorkspaces", "The workspaces you have a role in, oldest first", WorkspacesBody
    ),
    "POST /api/v1/workspaces": Operation(
        "createWorkspace", "A new workspace", Workspace, 201, takes=NewWorkspace
    ),
    "GET /api/v1/workspaces/{id}": Operation(
        "getWorkspace", "A workspace", Workspace, errors=_WORKSPACE
    ),
    "PATCH /api/v1/workspaces/{id}": Operation(
        "changeWorkspace",
        "Another name or default model; an empty model is `auto`",
        Workspace,
        takes=ChangeWorkspace,
        errors=(*_WORKSPACE, "unknown_model"),
    ),
    "POST /api/v1/workspaces/{id}/documents": Operation(
        "upload",
        "Take files in; one that is refused does not hold back the others",
        answers.TakenBody,
        202,
        takes=FILES,
        errors=(*_WORKSPACE, "unreadable_document"),
        query={"batch": _BATCH},
    ),
    "GET /api/v1/workspaces/{id}/documents": Operation(
        "listDocuments",
        "The documents, newest first",
        answers.DocumentsBody,
        errors=(*_WORKSPACE, "invalid_field"),
        query={"status": _STATUS, **FILTERS},
    ),
    "POST /api/v1/workspaces/{id}/texts": Operation(
        "addText",
        "Take in a text that is in no file",
        DocumentBody,
        202,
        takes=NewText,
        errors=_WORKSPACE,
    ),
    **FEEDS,
    **SORTING,
    "GET /api/v1/workspaces/{id}/batches": Operation(
        "listBatches", "What came together, newest first", BatchesBody, errors=_WORKSPACE
    ),
    "GET /api/v1/workspaces/{id}/batches/{batch}": Operation(
        "getBatch", "How far the documents of a batch have come", BatchBody, errors=_WORKSPACE
    ),
    **{
        f"POST /api/v1/workspaces/{{id}}/batches/{{batch}}/{order}": Operation(
            f"{order}Batch", f"{meaning}, of each document of a batch", BatchBody, errors=_WORKSPACE
        )
        for order, meaning in _ORDERS.items()
    },
    "GET /api/v1/workspaces/{id}/embedder": Operation(
        "getEmbedder",
        "What finds passages by their meaning, and how far another one is, if one is coming",
        EmbedderBody,
        errors=_WORKSPACE,
    ),
    "POST /api/v1/workspaces/{id}/search": Operation(
        "search",
        "The passages for a query, best first",
        PassagesBody,
        takes=SearchFor,
        errors=_WORKSPACE,
    ),
    "GET /api/v1/workspaces/{id}/conversations": Operation(
        "listConversations",
        "Your conversations, the last touched first",
        answers.ConversationsBody,
        errors=_WORKSPACE,
    ),
    "GET /api/v1/documents/{id}": Operation(
        "getDocument",
        "A document and how far it has come",
        DocumentBody,
        errors=("not_found",),
    ),
    **{
        f"POST /api/v1/documents/{{id}}/{order}": Operation(
            f"{order}Document", f"{meaning} of a document", DocumentBody, errors=("not_found",)
        )
        for order, meaning in _ORDERS.items()
    },
    "DELETE /api/v1/documents/{id}": Operation(
        "removeDocument", "Delete a document", status=204, errors=("not_found",)
    ),
    "GET /api/v1/documents/{id}/content": Operation(
        "getContent",
        "The original bytes",
        "application/octet-stream",
        shown_as=tuple(sorted(INLINE)),
        errors=("not_found",),
    ),
    "GET /api/v1/documents/{id}/page": Operation(
        "getPage",
        "A page of a PDF as a picture, with a passage marked on it",
        "image/webp",
        query={
            "page": {
                "type": "integer",
                "minimum": 1,
                "maximum": 99999999,
                "default": 1,
                "description": "The page, from 1.",
            },
            "passage": {
                "type": "string",
                "description": "The id of a passage: it is marked, and the page is one of the "
                "file within the document that it is from.",
            },
            "width": {
                "type": "integer",
                "minimum": 100,
                "maximum": 2400,
                "default": 1200,
                "description": "How many pixels wide.",
            },
        },
        errors=("not_found", "invalid_field", "unreadable_document"),
    ),
    "PUT /api/v1/documents/{id}/content": Operation(
        "revise",
        "Other bytes of a document; those before are found until these can be, whole",
        DocumentBody,
        202,
        takes=FILES,
        errors=("not_found", "conflict", "unreadable_document"),
    ),
    "POST /api/v1/conversations": Operation(
        "beginConversation",
        "A new conversation, in the default workspace if none is named",
        ConversationBody,
        201,
        takes=NewConversation,
        errors=("not_found",),
    ),
    "GET /api/v1/conversations/{id}": Operation(
        "getConversation",
        "The snapshot, as an attachment without a cursor is sent it",
        "SnapshotFrame",
        errors=("not_found",),
    ),
    "PATCH /api/v1/conversations/{id}": Operation(
        "renameConversation",
        "Another title",
        status=204,
        takes=Rename,
        errors=("not_found",),
    ),
    "DELETE /api/v1/conversations/{id}": Operation(
        "removeConversation",
        "Delete a conversation; a running turn ends, attached clients are told 4404",
        status=204,
        errors=("not_found",),
    ),
    "GET /api/v1/conversations/{id}/messages": Operation(
        "listMessages",
        "The messages before another one, oldest first",
        MessagesBody,
        query={
            "before": {
                "type": "string",
                "description": "The id of a message; without it, the page ends with the newest.",
            },
            "limit": {
                "type": "integer",
                "minimum": 1,
                "maximum": 200,
                "default": 50,
                "description": "How many messages at most.",
            },
        },
        errors=("not_found", "invalid_field"),
    ),
    "GET /api/v1/models": Operation(
        "listModels",
        "The models there are, and which one answers by default",
        ModelsBody,
        query={
            "language": {
                "type": "string",
                "default": "en",
                "description": "The language of `why`: `zh`, or English.",
            }
        },
    ),
    "GET /api/v1/conversations/{id}/events": Operation(
        "streamConversation",
        "The log of a conversation as server-sent events",
        STREAM,
        query={"cursor": CURSOR, "deviceId": DEVICE},
        headers={"Last-Event-ID": _LAST},
        errors=("not_found", "invalid_field", "connection_limit"),
    ),
    "GET /api/v1/workspaces/{id}/events": Operation(
        "streamWorkspace",
        "The log of a workspace's documents as server-sent events",
        STREAM,
        query={"cursor": CURSOR, "deviceId": DEVICE},
        headers={"Last-Event-ID": _LAST},
        errors=("not_found", "invalid_field", "connection_limit"),
    ),
    "GET /api/v1/conversations/{id}/poll": Operation(
        "pollConversation",
        "What follows a cursor in the log of a conversation",
        Page,
        query=_POLL,
        errors=_POLL_ERRORS,
    ),
    "GET /api/v1/workspaces/{id}/poll": Operation(
        "pollWorkspace",
        "What follows a cursor in the log of a workspace's documents",
        Page,
        query=_POLL,
        errors=_POLL_ERRORS,
    ),
    "POST /api/v1/conversations/{id}/commands": Operation(
        "command",
        "Carry out a command; answered by the frame that answers it on the socket",
        "CommandAnswer",
        takes="PostedCommand",
        query={"deviceId": DEVICE},
        headers={
            "Idempotency-Key": {
                "type": "string",
                "description": "The `clientMessageId` of a body that has none.",
            }
        },
        errors=(
            *("unknown_type", "not_found", "unknown_model", "conflict", "busy", "queue_full"),
            *("idempotency_conflict", "approval_expired", "rate_limited", "model_unavailable"),
        ),
    ),
}
