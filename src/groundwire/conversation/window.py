"""How much of a long conversation is shown at once: pure, on what is recollected."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from groundwire.conversation.recollect import Recollection
from groundwire.conversation.state import Message, Running
from groundwire.model.cursor import Cursor
from groundwire.model.errors import NotFound
from groundwire.model.ids import MessageId

WHOLE = 200
"""A conversation of no more messages is shown as a whole."""

NEWEST = 50
"""Of a longer one, as many messages at least; and as many on the way back from each end."""


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in the order they came; ``has_more``: there are older ones than the first."""

    messages: list[Message]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Window(Page):
    """A conversation's state as of ``cursor``; ``turns`` are those that are not done."""

    cursor: Cursor
    turns: Sequence[Running]


def window(past: Recollection) -> Window:
    """Return the newest messages, and what else is needed to show what goes on.

    That is the newest branch, the turns that are not done and their branches. A branch that
    leaves off far back comes in two parts: of what is between them nothing is shown.
    """
    messages = past.list_before(past.count + 1, WHOLE if past.count <= WHOLE else NEWEST)
    if past.count > WHOLE:
        found = {each.message_id: each for each in messages}
        for end in (messages[-1].message_id, *_unfinished(past)):
            found |= {each.message_id: each for each in past.path(end, NEWEST)}
        messages = _in_order(past, found.values())
    cursor = Cursor(past.head.epoch, past.seq)
    return Window(messages, len(messages) < past.count, cursor, past.turns)


def page(past: Recollection, before: MessageId | None, limit: int) -> Page:
    """Return the last ``limit`` messages before ``before``, or of all. Raises ``NotFound``."""
    place = past.count + 1 if before is None else past.place(before)
    if place is None:
        raise NotFound("message")
    return Page(past.list_before(place, limit), place - 1 > limit)


def excerpt(past: Recollection, limit: int) -> list[Message]:
    """Return the messages of the turns that are not done, and ``limit`` before each of them."""
    found = {each.message_id: each for end in _unfinished(past) for each in past.path(end, limit)}
    return _in_order(past, found.values())


def _unfinished(past: Recollection) -> list[MessageId]:
    """Return the questions and answers of the turns that are not done."""
    standing = past.standing
    active = () if standing.active is None else (standing.active.asked,)
    return [id for asked in (*active, *standing.waiting) for id in (asked.question, asked.answer)]


def _in_order(past: Recollection, messages: Iterable[Message]) -> list[Message]:
    return sorted(messages, key=lambda each: past.place(each.message_id) or 0)
