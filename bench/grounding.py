"""Which models answer from passages: ``python -m bench.grounding MODEL… --models DIR``.

Fourteen short questions, half English, half Chinese, four of which the passages do not answer.
An answer counts when it has what it must contain, an honest refusal when nothing answers;
whether it names the right passage is counted apart. The catalogue of models pins what comes out.
"""

import argparse
import asyncio
import re
import time
from collections import defaultdict
from contextlib import aclosing
from operator import itemgetter
from pathlib import Path

import msgspec

from bench import saved
from groundwire.adapters.models.directory import ModelDirectory
from groundwire.adapters.models.embedded import EmbeddedModels
from groundwire.adapters.models.extractive import ExtractiveModel
from groundwire.answer import prompt
from groundwire.model.ids import DocumentId, PassageId
from groundwire.model.passages import Passage
from groundwire.ports.chat_model import ChatModel, ChatRequest, Delta, Language

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "grounding.json"
REFUSES = re.compile(
    r"(?i)not? (?:answer|mention|state|provide|contain|specif|given|say|known|include)"
    r"|nothing in|no information|cannot (?:be )?(?:answer|determin|found)"
    r"|n't (?:answer|mention|say)"
    r"|没有(?:能|直接回答|提到|提及|说明|回答|提供|给出|关于|相关|包含)"
    r"|未(?:提及|提到|说明|提供|给出)|无法(?:回答|确定|得知)|不知道"
)
# As the product pins it: four of five answers right, and it does not make things up.
CAPABLE_RIGHT, CAPABLE_REFUSED = 0.8, 0.5


class Asked(msgspec.Struct, frozen=True):
    id: str
    language: Language
    question: str
    passages: tuple[str, ...]
    contains: tuple[tuple[str, ...], ...] | None
    cites: int | None


class Outcome(msgspec.Struct, frozen=True):
    id: str
    right: bool
    cited: bool
    seconds: float
    answer: str


class Score(msgspec.Struct, frozen=True):
    """Shares in 0…1: of the answerable questions answered right and with the right ``[n]``,
    of the unanswerable ones refused."""

    right: float
    cited: float
    refused: float
    capable: bool


class Report(msgspec.Struct, frozen=True):
    model: str
    scores: dict[str, Score]
    outcomes: list[Outcome]


def load() -> list[Asked]:
    return msgspec.json.decode((HERE / "grounding_questions.json").read_bytes(), type=list[Asked])


def passages_of(asked: Asked) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            id=PassageId(f"c{n}"),
            document=DocumentId("d"),
            title="notes.txt",
            text=text,
            score=1.0,
            relevance=1.0,
        )
        for n, text in enumerate(asked.passages, start=1)
    )


def judge(asked: Asked, answer: str) -> tuple[bool, bool]:
    """Return whether ``answer`` is right, and whether it cites the right passage."""
    if asked.contains is None:
        return REFUSES.search(answer) is not None, True
    right = all(any(word in answer for word in words) for words in asked.contains)
    return right, f"[{asked.cites}]" in answer


async def ask(model: ChatModel, asked: Asked) -> Outcome:
    budget = (model.info.window_tokens, model.count_tokens)
    built = prompt.build(asked.question, passages_of(asked), (), asked.language, budget)
    request = ChatRequest(
        messages=built.messages,
        question=asked.question,
        passages=built.passages,
        language=asked.language,
        max_tokens=120,
        temperature=0.0,
    )
    began = time.monotonic()
    async with aclosing(model.stream(request)) as parts:
        said = [part.content async for part in parts if isinstance(part, Delta)]
    answer = "".join(said)
    right, cited = judge(asked, answer)
    return Outcome(asked.id, right, cited, round(time.monotonic() - began, 2), answer)


def score(outcomes: list[Outcome], questions: list[Asked]) -> dict[str, Score]:
    by_language: dict[str, list[tuple[Asked, Outcome]]] = defaultdict(list)
    for asked, outcome in zip(questions, outcomes, strict=True):
        by_language[asked.language].append((asked, outcome))
    return {language: _score(pairs) for language, pairs in by_language.items()}


def _score(pairs: list[tuple[Asked, Outcome]]) -> Score:
    answerable = [outcome for asked, outcome in pairs if asked.contains is not None]
    absent = [outcome for asked, outcome in pairs if asked.contains is None]
    right = sum(outcome.right for outcome in answerable) / len(answerable)
    refused = sum(outcome.right for outcome in absent) / len(absent)
    return Score(
        right=right,
        cited=sum(outcome.cited for outcome in answerable) / len(answerable),
        refused=refused,
        capable=right >= CAPABLE_RIGHT and refused >= CAPABLE_REFUSED,
    )


async def run(names: list[str], models: Path) -> list[Report]:
    questions = load()
    embedded = EmbeddedModels(models, run_folder=models / "run")
    directory = ModelDirectory([embedded], quoting=ExtractiveModel())
    reports: list[Report] = []
    try:
        for name in names:
            model = (await directory.choose(name, language="en")).model
            outcomes = [await ask(model, asked) for asked in questions]
            reports.append(Report(name, score(outcomes, questions), outcomes))
            print(name, reports[-1].scores, flush=True)
    finally:
        await directory.aclose()
    return reports


def save(reports: list[Report]) -> None:
    rows = saved.merge_rows(saved.read(RESULTS), msgspec.to_builtins(reports), "model")
    saved.write(RESULTS, sorted(rows, key=itemgetter("model")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="+")
    parser.add_argument("--models", type=Path, default=Path(), help="a folder of GGUF files")
    options = parser.parse_args()
    save(asyncio.run(run(options.model, options.models)))


if __name__ == "__main__":
    main()
