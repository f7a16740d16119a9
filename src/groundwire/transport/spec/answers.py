"""The bodies of answers that handlers put together where they are, as types."""

from datetime import datetime
from typing import Literal

from groundwire.model.access import Role
from groundwire.model.documents import DocumentStatus
from groundwire.model.ids import PrincipalId, WorkspaceId
from groundwire.transport.bodies import Body, ConversationBody, DocumentBody, PassageBody


class AliveBody(Body):
    status: Literal["ok"]


class EntranceBody(Body):
    """Which of its doors a page is to show."""

    needed: bool
    signed_in: bool


class PrincipalBody(Body):
    id: PrincipalId
    name: str
    role: Role


class SignedInBody(Body):
    token: str
    expires_at: datetime
    principal: PrincipalBody


class SignedOutBody(Body):
    ok: bool


class MeBody(Body):
    """Who asks, and the workspace that is theirs by default."""

    principal: PrincipalBody
    workspace_id: WorkspaceId


class TicketBody(Body):
    ticket: str
    expires_at: datetime


class KeyBody(Body):
    id: str
    name: str
    role: Role
    created_at: datetime


class KeysBody(Body):
    keys: list[KeyBody]


class IssuedKeyBody(Body):
    """``key`` is shown this once."""

    key: str
    name: str
    role: Role


class DocumentsBody(Body):
    documents: list[DocumentBody]


class RefusedBody(Body, omit_defaults=False):
    """A file that was not taken in."""

    id: None
    title: str
    status: DocumentStatus
    reason: str
    reason_code: str


class TakenBody(Body):
    """What became of each file, in the order they were sent."""

    documents: list[object]  # of DocumentBody and RefusedBody


class PassagesBody(Body, omit_defaults=False):
    """``documents`` is how many were searched: those that the filter lets through."""

    passages: list[PassageBody]
    documents: int


class ConversationsBody(Body):
    conversations: list[ConversationBody]


class ProblemBody(Body):
    """An error (RFC 9457); more fields say more about it, as ``field`` or ``retryAfterMs``."""

    type: str
    title: str
    status: int
    code: str
    retryable: bool
