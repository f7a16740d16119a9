"""Ways to break a rule of the protocol in a server, each of which a conformance case has to notice.

A spawned node calls one of them before it opens: see `groundwire.conformance.node.break_rule`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from groundwire import archive
from groundwire.answer.write import AnswerWriter
from groundwire.conversation import decide
from groundwire.conversation.asked import Accepted
from groundwire.model.cursor import Cursor, Head
from groundwire.model.ids import TurnId
from groundwire.ports.chat_model import Delta
from groundwire.transport.attachments import Attachments


def patch(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put what ``make`` makes of it in the place of ``owner``'s ``name``."""
    setattr(owner, name, make(getattr(owner, name)))


def resume_one_too_early() -> None:
    """Send the event again that the cursor stands after."""

    def broken(follow: Any) -> Any:
        async def late(self: Attachments, attached: archive.Attached) -> None:
            await follow(self, replace(attached, after=max(0, attached.after - 1)))

        return late

    patch(Attachments, "follow", broken)


def say_done_twice() -> None:
    def broken(finish: Any) -> Any:
        def twice(desk: Any, active: Any, done: Any, **more: Any) -> int:
            finish(desk, active, done, **more)
            return desk.append(done)

        return twice

    patch(decide, "finish", broken)


def forget_what_was_asked() -> None:
    """Take the same ``clientMessageId`` for another question."""

    def unknown(_desk: Any, _wish: Any) -> None:
        return None

    def forget(_desk: Any, _wish: Any, turn: TurnId, seq: int) -> Accepted:
        return Accepted(turn, seq)

    patch(decide, "known", lambda _: unknown)
    patch(decide, "remember", lambda _: forget)


def say_more_after_a_cancel() -> None:
    def broken(finish: Any) -> Any:
        async def talkative(self: AnswerWriter, reason: str, *rest: Any) -> None:
            if reason == "cancelled":
                await self.write([Delta(content="one word more")])
            await finish(self, reason, *rest)

        return talkative

    patch(AnswerWriter, "finish", broken)


def serve_cursors_of_another_epoch() -> None:
    def broken(unservable: Any) -> Any:
        def lenient(cursor: Cursor, head: Head) -> str | None:
            return unservable(cursor._replace(epoch=head.epoch), head)

        return lenient

    patch(archive, "unservable", broken)
