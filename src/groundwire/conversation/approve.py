"""Whether a tool may be used: pure decisions on a conversation's desk.

An approval is asked for, then decided once: by a person, by the clock or by the end of the
turn, whichever comes first.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from groundwire.conversation.asked import Accepted, digest
from groundwire.model.errors import ApprovalExpired, Conflict, Fenced, NotFound
from groundwire.model.events import ApprovalRequired, ToolApproved, ToolDenied
from groundwire.model.ids import TurnId
from groundwire.model.standing import Active, Asked, OpenApproval
from groundwire.ports.event_log import Desk

# Decisions on approvals are remembered beside questions, under an author that no principal is.
_AUTHOR = "approval"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person says to an approval; ``input`` is what the tool gets instead, if edited."""

    approval: str
    author: str
    approved: bool
    reason: str = ""
    input: dict[str, object] | None = None

    @property
    def digest(self) -> str:
        edited = "" if self.input is None else msgspec.json.encode(self.input).decode()
        return digest("approved" if self.approved else "denied", edited)


def require_approval(desk: Desk, active: Active, asked: ApprovalRequired, until: datetime) -> int:
    """Ask for a person's approval. Raises ``Fenced``."""
    if desk.standing.active != active:
        raise Fenced
    approval = OpenApproval(id=asked.approval_id, tool_call_id=asked.tool_call_id, expires_at=until)
    standing = desk.standing
    desk.standing = msgspec.structs.replace(standing, approvals=(*standing.approvals, approval))
    return desk.append(asked)


def decide_approval(desk: Desk, verdict: Verdict, now: datetime) -> Accepted:
    """Record what a person says.

    Raises ``NotFound``, ``ApprovalExpired``, and ``Conflict`` if it was decided otherwise.
    """
    decided = desk.find_asked(_AUTHOR, verdict.approval)
    if decided is not None:
        return _again(decided, verdict)
    active, approval = _open(desk, verdict.approval)
    if active is None or approval is None:
        raise NotFound("approval")
    if approval.expires_at <= now:
        raise ApprovalExpired
    turn = active.asked.turn
    seq = desk.append(
        ToolApproved(
            turn_id=turn,
            tool_call_id=approval.tool_call_id,
            approval_id=approval.id,
            author=verdict.author,
            input=verdict.input,
        )
        if verdict.approved
        else ToolDenied(
            turn_id=turn,
            tool_call_id=approval.tool_call_id,
            approval_id=approval.id,
            author=verdict.author,
            reason=verdict.reason,
        )
    )
    _close(desk, approval, verdict.digest, turn, seq)
    return Accepted(turn, seq)


def end_approval(
    desk: Desk, id: str, code: Literal["approval_expired", "conflict"], reason: str
) -> int | None:
    """Deny what nobody decided; ``None`` if somebody did meanwhile."""
    active, approval = _open(desk, id)
    if active is None or approval is None:
        return None
    turn = active.asked.turn
    seq = desk.append(
        ToolDenied(
            turn_id=turn,
            tool_call_id=approval.tool_call_id,
            approval_id=approval.id,
            reason=reason,
            code=code,
        )
    )
    _close(desk, approval, code, turn, seq)
    return seq


def _again(decided: Asked, verdict: Verdict) -> Accepted:
    if decided.digest == "approval_expired":
        raise ApprovalExpired
    if decided.digest != verdict.digest:
        raise Conflict("This was decided already, and otherwise.")
    return Accepted(decided.turn, decided.seq, duplicate=True)


def _open(desk: Desk, id: str) -> tuple[Active | None, OpenApproval | None]:
    standing = desk.standing
    return standing.active, next((each for each in standing.approvals if each.id == id), None)


def _close(desk: Desk, approval: OpenApproval, decided: str, turn: TurnId, seq: int) -> None:
    rest = tuple(each for each in desk.standing.approvals if each is not approval)
    desk.standing = msgspec.structs.replace(desk.standing, approvals=rest)
    desk.remember(
        Asked(author=_AUTHOR, client_message_id=approval.id, digest=decided, turn=turn, seq=seq)
    )
