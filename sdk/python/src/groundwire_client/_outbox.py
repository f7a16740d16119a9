"""Commands that were given and are not answered yet."""

import asyncio
from collections.abc import Iterator

from groundwire_client._wire import Command, Reply
from groundwire_client.errors import GroundwireError, OutboxFull

BOUND = 256


class Outbox:
    """Keeps each command until its answer, to send it again over every new connection.

    One command too many is refused: whoever asks waits for answers, and can wait.
    """

    def __init__(self, bound: int = BOUND) -> None:
        self._bound = bound
        self._sent: dict[str, tuple[Command, asyncio.Future[Reply]]] = {}

    def __iter__(self) -> Iterator[Command]:
        """Return the commands in the order in which they were given."""
        return iter([command for command, _ in self._sent.values()])

    def put(self, command: Command) -> asyncio.Future[Reply]:
        """Return what will hold the answer. Raises ``OutboxFull``."""
        if len(self._sent) >= self._bound:
            raise OutboxFull(f"{self._bound} commands are not answered yet. Wait for some of them.")
        answer = asyncio.get_running_loop().create_future()
        self._sent[command.id] = (command, answer)
        return answer

    def forget(self, ref: str) -> None:
        self._sent.pop(ref, None)

    def answered(self, ref: str, reply: Reply) -> None:
        _, answer = self._sent.pop(ref, (None, None))
        if answer is not None and not answer.done():
            answer.set_result(reply)

    def refused(self, ref: str, error: GroundwireError) -> None:
        _, answer = self._sent.pop(ref, (None, None))
        if answer is not None and not answer.done():
            answer.set_exception(error)

    def fail(self, error: GroundwireError) -> None:
        """Answer every command with ``error``."""
        for ref in list(self._sent):
            self.refused(ref, error)
