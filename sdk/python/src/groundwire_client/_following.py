"""A conversation's state, kept as the server's is, and proved by the hashes of its answers."""

from collections import deque
from dataclasses import dataclass
from weakref import WeakSet

from groundwire_client._fold import fold
from groundwire_client._log import Follower, LogReader
from groundwire_client._signal import Signal
from groundwire_client._state import Message, Snapshot, State, from_snapshot, with_older
from groundwire_client._wire import MessagePage, Notice, Presence
from groundwire_client.errors import ContentMismatch, Lost, SteerFailed, told
from groundwire_client.events import AnyEvent, MessageCreated, Recorded, TurnDone

NEWEST = 50
"""A snapshot has so many of the newest messages at least, without a gap."""

NOTICES = 64
"""Of presence, typing and read marks that nobody takes the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as its ``ack`` told of it: which turn answers it, and where it stands.

    ``epoch`` is the log's as far as it was known by then.
    """

    turn_id: str
    seq: int
    epoch: str | None
    content: str = ""
    client_message_id: str | None = None
    is_correction: bool = False


class Place:
    """How far somebody has read an answer, in code points; ``withdrawn`` is set by a reset."""

    def __init__(self, turn_id: str) -> None:
        self.turn_id = turn_id
        self.at = 0
        self.withdrawn: int | None = None

    def go_back(self, to: int) -> None:
        if to < self.at:
            self.at = self.withdrawn = to


class Following:
    """Folds what its reader brings. Everybody who waits is told by ``signal``."""

    def __init__(self, session_id: str, follower: Follower) -> None:
        self.state = State(session_id=session_id)
        self.signal = Signal()
        self.present: dict[str, Presence] = {}
        self.notices: deque[Notice] = deque(maxlen=NOTICES)
        self.paged_to: str | None = None
        """The message before which older ones are to be had."""
        self.reader = LogReader("sessionId", session_id, self, follower)
        self._suspects: set[str] = set()
        self._awaited: set[str | None] = set()
        self._places: WeakSet[Place] = WeakSet()

    def begin(self, _head: int, /) -> bool:
        return False

    def load(self, snapshot: Snapshot) -> None:
        newest = snapshot.messages[-NEWEST:]
        self.paged_to = newest[0].message_id if newest else None
        self._suspects.clear()
        self._awaited.clear()
        self._replace(from_snapshot(snapshot))

    def restore(self, state: State, epoch: str, seq: int) -> None:
        """Go on from a state that was kept; a cursor that is not served brings a snapshot."""
        newest = state.messages[-NEWEST:]
        self.paged_to = newest[0].message_id if newest else None
        self.state = state
        self.reader.go_on_from(epoch, seq)

    def add(self, recorded: Recorded) -> None:
        event = recorded.event
        self._await_corrections(event)
        self._replace(fold(self.state, recorded))
        if isinstance(event, TurnDone):
            self._prove(event.message_id)
        self.signal.notify()

    def hear(self, notice: Notice) -> None:
        if isinstance(notice, Presence):
            self.present.pop(notice.connection_id, None)
            if notice.state != "offline":
                self.present[notice.connection_id] = notice
        self.notices.append(notice)
        self.signal.notify()

    def changed(self) -> None:
        if not self.reader.is_current:
            self.present.clear()
        self.signal.notify()

    def put_before(self, before: str, page: MessagePage) -> None:
        """Take the page of messages that stands right before one of those that are here."""
        self.state = with_older(self.state, before, page.messages, has_more=page.has_more)
        if page.messages and self.paged_to == before:
            self.paged_to = page.messages[0].message_id
        self.signal.notify()

    def place(self, turn_id: str) -> Place:
        """Return a place at the beginning of a turn's answer, which resets move."""
        place = Place(turn_id)
        self._places.add(place)
        return place

    def settled(self, asked: Asked) -> Message | None:
        """Return the finished, proved answer; ``None`` while there may be more of it.

        Raises the error that the turn, or the following of it, ended with.
        """
        answer = self.state.find_answer(asked.turn_id)
        if answer is not None and self._is_finished(answer):
            return _proved(answer)
        if self.reader.refusal is not None:
            raise self.reader.refusal
        if answer is None and self._is_past(asked) and not self._knows(asked):
            if asked.is_correction:
                raise SteerFailed(asked.content)
            raise Lost("The server's log no longer has this question. Ask it again.")
        return None

    def _is_finished(self, answer: Message) -> bool:
        return answer.content_hash is not None and answer.message_id not in self._suspects

    def _is_past(self, asked: Asked) -> bool:
        """Whether the log was read beyond the place of the question."""
        reader = self.reader
        is_another_log = asked.epoch is not None and reader.epoch != asked.epoch
        return reader.is_current and (reader.seq >= asked.seq or is_another_log)

    def _knows(self, asked: Asked) -> bool:
        if self.state.find_turn(asked.turn_id) is not None:
            return True
        corrections = {
            steering.client_message_id for turn in self.state.turns for steering in turn.steers
        }
        return asked.client_message_id in corrections | self._awaited

    def _await_corrections(self, event: AnyEvent | None) -> None:
        """Between the end of a corrected turn and the questions that its corrections become,
        remember them.
        """
        if isinstance(event, TurnDone) and event.finish_reason == "steered":
            turn = self.state.find_turn(event.turn_id)
            steers = turn.steers if turn is not None else ()
            self._awaited = {steering.client_message_id for steering in steers}
        elif isinstance(event, MessageCreated):
            self._awaited.discard(event.client_message_id)

    def _replace(self, state: State) -> None:
        before, self.state = self.state, state
        for place in self._places:
            was, now = before.find_answer(place.turn_id), state.find_answer(place.turn_id)
            if was is not now and was is not None:
                place.go_back(_common(was.content, now.content if now else "", place.at))

    def _prove(self, message_id: str) -> None:
        """Compare an answer with its hash; what differs is read once more, from the snapshot."""
        message = self.state.find_message(message_id)
        if message is not None and not message.is_proved:
            self._suspects.add(message_id)
            self.reader.restart()


def _proved(answer: Message) -> Message:
    if not answer.is_proved:
        raise ContentMismatch(
            "This answer is not the text that the server's hash is of. Ask again."
        )
    if (fault := answer.error) is not None:
        raise told(fault.code, fault.message, retryable=fault.retryable)
    return answer


def _common(one: str, other: str, at_most: int) -> int:
    """Return how many code points of ``one``, up to ``at_most``, ``other`` begins with."""
    one = one[:at_most]
    if other.startswith(one):
        return at_most
    for at, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return at
    return min(len(one), len(other))
