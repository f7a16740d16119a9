"""What a conversation must hold after a series of commands: a model of the log, and its reading."""

from dataclasses import dataclass, field
from typing import Literal

from tests.support.socket import Frame

Wish = tuple[str, ...]
State = Literal["waiting", "active", "done"]
ATTEMPTS = 3
QUEUE = 10


@dataclass(slots=True)
class Turn:
    """A turn as it must be; ``question`` is empty for another try of an answer."""

    question: str
    text: str = ""
    state: State = "waiting"
    reason: str = ""
    dones: int = 0
    attempt: int = field(default=1, compare=False)


@dataclass(slots=True)
class Expected:
    """Commands in the order in which they were accepted, and the turns they make."""

    turns: dict[str, Turn] = field(default_factory=dict[str, Turn])
    wishes: dict[str, tuple[Wish, str]] = field(default_factory=dict[str, tuple[Wish, str]])
    active: str | None = None
    waiting: list[str] = field(default_factory=list[str])
    asked: int = 0
    """How often the model was asked for an answer."""

    @property
    def is_busy(self) -> bool:
        return self.active is not None

    @property
    def is_full(self) -> bool:
        return len(self.waiting) >= QUEUE

    def known(self, key: str, wish: Wish) -> str | None:
        """Return the turn of a command that was accepted under its key, or ``"conflict"``."""
        if key not in self.wishes:
            return None
        earlier, turn = self.wishes[key]
        return turn if earlier == wish else "conflict"

    def accept(self, turn: str, key: str, wish: Wish, question: str, *, first: bool) -> None:
        """Let a turn wait, ``first`` or last, and run if nothing does."""
        assert turn not in self.turns
        self.wishes[key] = (wish, turn)
        self.turns[turn] = Turn(question)
        self.waiting.insert(0 if first else len(self.waiting), turn)
        self._go_on()

    def say(self, words: str) -> None:
        if self.active is not None:
            self.turns[self.active].text += words

    def end(self, turn: str, reason: str) -> bool:
        """End a turn that runs or waits; ``False`` if there is none."""
        if turn == self.active:
            self.active = None
        elif turn in self.waiting:
            self.waiting.remove(turn)
        else:
            return False
        ended = self.turns[turn]
        ended.state, ended.reason, ended.dones = "done", reason, 1
        self._go_on()
        return True

    def lose_server(self) -> None:
        """The turn that runs is begun anew, unless it has ended too many servers."""
        if self.active is None:
            return
        running = self.turns[self.active]
        running.attempt += 1
        if running.attempt > ATTEMPTS:
            self.end(self.active, "interrupted")
        else:
            running.text = ""
            self.asked += 1

    def _go_on(self) -> None:
        if self.active is None and self.waiting:
            self.active = self.waiting.pop(0)
            self.turns[self.active].state = "active"
            self.asked += 1


@dataclass(slots=True)
class Found:
    """What a log holds, read event by event; refuses gaps and what comes after ``done``."""

    seq: int = 0
    turns: dict[str, Turn] = field(default_factory=dict[str, Turn])
    questions: dict[str, str] = field(default_factory=dict[str, str])
    """By their turns: the messages."""
    answers: dict[str, str] = field(default_factory=dict[str, str])
    keys: list[str] = field(default_factory=list[str])

    def add(self, event: Frame) -> None:
        assert event["seq"] == self.seq + 1
        self.seq = event["seq"]
        turn = self.turns.setdefault(event["turnId"], Turn(""))
        assert turn.state != "done", f"{event['type']} after `done`"
        match event["type"]:
            case "message.created":
                turn.question = event["content"]
                self.questions[event["turnId"]] = event["messageId"]
                self.keys.append(event["clientMessageId"])
            case "turn.started":
                turn.state = "active"
                self.answers[event["turnId"]] = event["messageId"]
            case "token":
                assert event["offset"] == len(turn.text)
                turn.text += event["content"]
            case "answer.reset":
                turn.text = turn.text[: event["toOffset"]]
            case "done":
                turn.state, turn.reason = "done", event["finishReason"]
                turn.dones += 1
            case _:
                pass
