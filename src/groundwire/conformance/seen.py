"""What a reader has seen of a conversation, folded from what it was sent and proved by hash."""

from hashlib import sha256
from typing import Any, Self

Frame = dict[str, Any]


def is_event(frame: Frame) -> bool:
    """Whether it is in the log: nothing else has a position."""
    return "seq" in frame


class Broken(Exception):
    """A rule of the protocol is not kept; the text says how."""


class NotInstalled(Exception):
    """What a case needs is not here; the text says what, and how to get it."""


class Seen:
    """The texts and hashes of answers by message id; refuses a gap or an event that comes twice."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.hashes: dict[str, str] = {}
        self.questions: list[str] = []
        self.epoch = ""
        self.seq = 0

    @property
    def cursor(self) -> str:
        return f"{self.epoch}:{self.seq}"

    @property
    def text(self) -> str:
        """The newest answer as far as it has come."""
        return next(reversed(self.texts.values()), "")

    def go_on_from(self, other: "Seen") -> None:
        """Have seen what another reader has seen."""
        self.texts, self.hashes = dict(other.texts), dict(other.hashes)
        self.questions = list(other.questions)
        self.epoch, self.seq = other.epoch, other.seq

    def add(self, frame: Frame) -> Self:
        match frame["type"]:
            case "ready":
                self.epoch = frame["epoch"]
            case "snapshot":
                self._load(frame)
            case _ if "seq" in frame:
                self._advance(frame)
                self._apply(frame)
            case _:
                pass
        return self

    def check_hash(self, message: str) -> None:
        """Raise ``Broken`` unless the text is what the server's hash says."""
        if message not in self.hashes:
            raise Broken(f"the answer {message} has no hash")
        text = self.texts.get(message, "")
        if sha256(text.encode()).hexdigest() != self.hashes[message]:
            raise Broken(f"the text of {message} is not that of its hash: {text[:80]!r}…")

    def check_all(self) -> None:
        for message in self.hashes:
            self.check_hash(message)

    def _advance(self, frame: Frame) -> None:
        first, last = frame.get("covers") or (frame["seq"], frame["seq"])
        if first != self.seq + 1:
            raise Broken(f"event {first} came after {self.seq}")
        if last != frame["seq"]:
            raise Broken(f"a merged event has seq {frame['seq']} and covers up to {last}")
        self.seq = last

    def _load(self, snapshot: Frame) -> None:
        self.epoch, _, seq = snapshot["cursor"].rpartition(":")
        self.seq = int(seq)
        messages = snapshot["messages"]
        answers = [each for each in messages if each["role"] == "assistant"]
        self.questions = [each["content"] for each in messages if each["role"] == "user"]
        self.texts = {each["messageId"]: each["content"] for each in answers}
        self.hashes = {
            each["messageId"]: each["contentHash"] for each in answers if "contentHash" in each
        }

    def _apply(self, event: Frame) -> None:
        match event["type"]:
            case "message.created":
                self.questions.append(event["content"])
            case "token":
                text = self.texts.get(event["messageId"], "")
                if event["offset"] != len(text):
                    raise Broken(f"a token at {event['offset']} after {len(text)} characters")
                self.texts[event["messageId"]] = text + event["content"]
            case "answer.reset":
                text = self.texts.get(event["messageId"], "")
                self.texts[event["messageId"]] = text[: event["toOffset"]]
            case "done":
                self.hashes[event["messageId"]] = event["contentHash"]
            case _:
                pass
