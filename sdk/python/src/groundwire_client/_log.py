"""One log that is followed: where it is read on from, and what was missed. No network, no clock."""

from typing import Literal, Protocol

from groundwire_client._state import Snapshot
from groundwire_client._wire import Notice, Ready, SessionCommand
from groundwire_client.errors import GroundwireError, ProtocolViolation
from groundwire_client.events import Recorded

Field = Literal["sessionId", "workspaceId"]
MENDS = 2
"""How often the events after one position are asked for before the snapshot is."""


def parse_cursor(cursor: str) -> tuple[str, int]:
    """Return the epoch and the position. Raises ``ProtocolViolation``."""
    epoch, _, seq = cursor.rpartition(":")
    if not epoch or not seq.isdecimal():
        raise ProtocolViolation(f"{cursor!r} is no place in a log.")
    return epoch, int(seq)


class Folder(Protocol):
    """What is made of a log."""

    def begin(self, head: int, /) -> bool:
        """Take a log from its ``head`` on; false if a snapshot must come first."""
        ...

    def load(self, snapshot: Snapshot) -> None: ...

    def add(self, recorded: Recorded) -> None: ...

    def hear(self, notice: Notice) -> None: ...

    def changed(self) -> None:
        """Something about the reading changed: whether it is current, or why it ended."""
        ...


class Follower(Protocol):
    """What brings the frames of a log."""

    def reattach(self, reader: "LogReader") -> None:
        """Bring the frames from ``reader.cursor`` on, anew."""
        ...


class LogReader:
    """The place in one log. It takes frames as they come and folds each event exactly once.

    What comes twice is skipped; what is missing is asked for again; what the server cannot
    serve begins with a snapshot.
    """

    def __init__(self, field: Field, id: str, folder: Folder, follower: Follower) -> None:
        self.field: Field = field
        self.id = id
        self.seq = 0
        self.refusal: GroundwireError | None = None
        self.greeting: SessionCommand | None = None
        """What to say of the moment whenever the following begins."""
        self._folder = folder
        self._follower = follower
        self.epoch: str | None = None
        self._is_following = False
        self._was_there = False
        self._is_absent = False
        self._head = 0
        self._mends = 0

    @property
    def key(self) -> str:
        return f"{self.field}/{self.id}"

    @property
    def cursor(self) -> str | None:
        """Return where to go on from, or ``None`` to begin with a snapshot."""
        return None if self.epoch is None else f"{self.epoch}:{self.seq}"

    @property
    def is_current(self) -> bool:
        """Whether all is folded that there was when the following began, if there is a log."""
        return self._is_absent or (self._is_following and self.seq >= self._head)

    def go_on_from(self, epoch: str, seq: int) -> None:
        """Take it that everything up to ``seq`` was folded, in another life of this program."""
        self.interrupt()
        self.epoch, self.seq = epoch, seq
        self._follower.reattach(self)

    def receive(self, frame: Ready | Snapshot | Recorded | Notice) -> None:
        """Take a frame. Raises ``ProtocolViolation``."""
        match frame:
            case Ready():
                self._ready(frame)
            case Snapshot():
                self._load(frame)
            case Recorded():
                self._add(frame)
            case _:
                self._folder.hear(frame)

    def expect(self, head: int) -> None:
        """Take word that everything up to ``head`` was sent: what is not here was lost."""
        if self._is_following and head > self.seq:
            self._mend()

    def interrupt(self) -> None:
        """Nothing comes until the next ``ready``."""
        if self._is_following or self._is_absent:
            self._is_following = self._is_absent = False
            self._folder.changed()

    def absent(self) -> bool:
        """Take word that there is no such log; return whether it may yet begin.

        It may if it was never there, as far as is known here. Then nothing is all there is.
        """
        self._is_absent = not self._was_there
        self._folder.changed()
        return self._is_absent

    def forget(self) -> None:
        """Give up the cursor, which is of no use."""
        self.epoch = None
        self.interrupt()

    def restart(self) -> None:
        """Begin again with a snapshot."""
        self.forget()
        self._follower.reattach(self)

    def refuse(self, error: GroundwireError) -> None:
        """End: this log cannot be followed any longer."""
        self._is_following = self._is_absent = False
        self.refusal = self.refusal or error
        self._folder.changed()

    def _ready(self, ready: Ready) -> None:
        if ready.resumed and self.epoch != ready.epoch:
            self.restart()
        elif ready.resumed:
            self._follow(ready.head)
        elif self._folder.begin(ready.head):
            self.epoch, self.seq = ready.epoch, ready.head
            self._follow(ready.head)
        else:
            self.epoch = None

    def _load(self, snapshot: Snapshot) -> None:
        self.epoch, self.seq = parse_cursor(snapshot.cursor)
        self._folder.load(snapshot)
        self._follow(self.seq)

    def _add(self, recorded: Recorded) -> None:
        if not self._is_following or recorded.seq <= self.seq:
            return
        if recorded.first != self.seq + 1:
            self._mend()
            return
        self._mends = 0
        self.seq = recorded.seq
        self._folder.add(recorded)

    def _follow(self, head: int) -> None:
        self._head = head
        self._is_following = self._was_there = True
        self._is_absent = False
        self._folder.changed()

    def _mend(self) -> None:
        """Events are missing: read again from the last one that was folded."""
        self._mends += 1
        if self._mends > MENDS:
            self._mends = 0
            self.restart()
        else:
            self.interrupt()
            self._follower.reattach(self)
