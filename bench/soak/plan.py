"""What happens in a run, all of it drawn from the seed before anything does."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Transport = Literal["websocket", "sse", "poll"]
Client = Literal["python", "raw"]
Kind = Literal["reset", "close", "half_open", "outage", "switch"]
Again = Literal["no", "at_once", "afterwards"]

TRANSPORTS: tuple[Transport, ...] = ("websocket", "sse", "poll")
FAULTS_AT_MOST = 20
_KINDS: dict[Kind, int] = {"reset": 45, "close": 20, "half_open": 8, "outage": 7, "switch": 20}
_WORDS = (
    "ground", "wire", "the", "a", "fault", "current", "earth", "and", "then", "接地线", "故障电流",
    "，", "。", "😀", "👩‍🔧", "e\u0301", "naïve", "\n\n", "[1]", "\t", "“quoted”", "\\", "中性点",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls the connections of one person.

    It strikes once so many bytes went ``towards`` that side, in the middle of whatever they
    are, or ``after_s`` of a connection being there. A half-open connection says nothing for
    ``lasts_s``; then it ``thaws`` or is reset. For so long an outage lets nobody in.
    ``through`` are the transports that are let through from a switch on.
    """

    kind: Kind
    towards: Literal["client", "server"]
    after_bytes: int
    after_s: float
    lasts_s: float = 0.0
    thaws: bool = False
    through: tuple[Transport, ...] = TRANSPORTS


@dataclass(frozen=True, slots=True)
class Question:
    """One question of one of a person's conversations, and whether it is sent twice."""

    key: str
    conversation: int
    words: int
    again: Again

    @property
    def content(self) -> str:
        return f"{self.key} 请问?"


@dataclass(frozen=True, slots=True)
class Round:
    """Questions that are asked at once, and what befalls while they are answered."""

    questions: tuple[Question, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Person:
    number: int
    client: Client
    first: Transport
    rounds: tuple[Round, ...]

    @property
    def name(self) -> str:
        return f"person-{self.number}"


@dataclass(frozen=True, slots=True)
class Restart:
    """``after_s`` of the server being there it is killed, or stopped in order."""

    after_s: float
    is_kill: bool


def draw_people(seed: int, answers: int, faults: int = FAULTS_AT_MOST) -> Iterator[Person]:
    """Yield people who ask ``answers`` questions between them, with 1 to ``faults`` to each."""
    left, number = answers, 0
    while left:
        number += 1
        person = _person(random.Random(f"{seed}/person/{number}"), number, left, faults)
        left -= sum(len(each.questions) for each in person.rounds)
        yield person


def draw_restarts(seed: int, mean_s: float) -> Iterator[Restart]:
    """Yield restarts for ever; now and then several come close behind each other."""
    chance = random.Random(f"{seed}/restarts")
    while True:
        in_a_row = chance.choice((1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 4))
        yield Restart(chance.uniform(0.3, 2 * mean_s), chance.random() < 0.6)
        for _ in range(in_a_row - 1):
            yield Restart(chance.uniform(0.05, 0.8), chance.random() < 0.6)


def recite(seed: int, question: str, words: int, attempt: int) -> list[str]:
    """Return what the model says to a question, in deltas; each attempt says something else."""
    chance = random.Random(f"{seed}/text/{question}/{attempt}")
    text = [f"<{question}#{attempt}>"]
    return text + [chance.choice(("", " ")) + chance.choice(_WORDS) for _ in range(words)]


def _person(chance: random.Random, number: int, left: int, at_most: int) -> Person:
    client: Client = "python" if chance.random() < 0.6 else "raw"
    # Raw readers have a connection for each conversation; a client has one for all.
    conversations = chance.choice((1, 2, 3)) if client == "python" else 1
    rounds: list[Round] = []
    for turn in range(chance.randint(2, 8)):
        asked = min(chance.randint(1, conversations), left)
        if not asked:
            break
        left -= asked
        places = chance.sample(range(conversations), asked)
        questions = tuple(_question(chance, number, turn, place) for place in places)
        faults = [_fault(chance) for _ in range(chance.randint(1, at_most))]
        rounds.append(Round(questions, tuple(faults)))
    return Person(number, client, chance.choice(TRANSPORTS), tuple(rounds))


def _question(chance: random.Random, number: int, turn: int, place: int) -> Question:
    again: Again = chance.choices(("no", "at_once", "afterwards"), (70, 15, 15))[0]
    words = chance.choice((0, 3, 12, 40, 120))
    return Question(f"q-{number}-{turn}-{place}", place, chance.randint(0, words), again)


def _fault(chance: random.Random) -> Fault:
    kind = chance.choices(tuple(_KINDS), tuple(_KINDS.values()))[0]
    lasts_s = chance.uniform(0.1, 4.0) if kind == "half_open" else chance.uniform(0.05, 0.5)
    return Fault(
        kind,
        towards="client" if chance.random() < 0.75 else "server",
        after_bytes=chance.randint(1, 400) if chance.random() < 0.3 else chance.randint(400, 4000),
        after_s=chance.uniform(0.01, 0.6),
        lasts_s=lasts_s,
        thaws=chance.random() < 0.5,
        through=tuple(chance.sample(TRANSPORTS, chance.randint(1, 3))),
    )
