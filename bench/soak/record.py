"""What clients were told, and which promises turned out to be broken."""

from collections import Counter
from dataclasses import dataclass, field

from bench.soak.plan import Person, Question


@dataclass(frozen=True, slots=True)
class Read:
    """A question and its answer, as the one who asked was told of them."""

    person: Person
    question: Question
    session: str
    turn: str
    message: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A promise that was not kept, and what is needed to look into it."""

    promise: str
    place: str
    why: str
    plan: str = ""
    frames: tuple[str, ...] = ()


@dataclass(slots=True)
class Record:
    """``counts`` are totals by name; ``acked`` has the turn of each question that was
    acknowledged, by its session and key.
    """

    counts: Counter[str] = field(default_factory=Counter[str])
    acked: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    reads: list[Read] = field(default_factory=list[Read])
    failures: list[Failure] = field(default_factory=list[Failure])

    def ack(self, session: str, key: str, turn: str) -> None:
        """Note an ``ack``; another turn than before is a broken promise."""
        before = self.acked.setdefault((session, key), turn)
        if before != turn:
            why = f"it was acknowledged as {turn}, and before as {before}"
            self.failures.append(Failure("duplicate", f"{session} {key}", why))
