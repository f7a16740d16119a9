"""A question is looked up by what it does not share with all questions."""

import asyncio
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.model.errors import ModelUnavailable, OtherSpace
from groundwire.model.ids import ChunkId
from groundwire.ports.passage_index import Hit
from groundwire.retrieve.questions import SHARE, Questions


class FailingOnce(ScriptedEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.fails = True

    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        if self.fails and len(texts) > 1:
            self.fails = False
            raise ModelUnavailable("not now")
        return await super().embed(texts, kind=kind)


async def test_its_vector_has_length_1_and_is_read_as_the_whole_question_would_be() -> None:
    embedder = ScriptedEmbedder()
    whole = (await embedder.embed(["Where is the harbour?"], kind="query"))[0]
    unrelated = await embedder.unrelated()
    passage = (await embedder.embed(["The harbour is in the north."], kind="passage"))[0]

    question = await Questions(embedder).embed("Where is the harbour?")
    near = question.read([Hit(ChunkId("c"), float(question.vector @ passage))])
    (read,) = near.hits

    by_hand = whole @ passage - SHARE * (unrelated.english.asked @ passage - unrelated.background)
    assert float(question.vector @ question.vector) == pytest.approx(1.0)
    assert read.score == pytest.approx(float(by_hand), abs=1e-5)
    assert near.other < near.same < read.score


async def test_what_questions_share_is_embedded_once() -> None:
    embedder = ScriptedEmbedder()
    questions = Questions(embedder)

    await questions.embed("Where is it?")
    before = len(embedder.embedded)
    for text in ("港口在哪里？", "Who is it?", "这是谁？"):
        await questions.embed(text)

    assert len(embedder.embedded) == before + 3


async def test_after_a_failure_it_is_tried_again() -> None:
    questions = Questions(FailingOnce())

    with pytest.raises(ModelUnavailable):
        await questions.embed("Where is it?")

    assert (await questions.embed("Where is it?")).length > 0


async def test_a_question_that_is_given_up_leaves_the_work_to_the_next() -> None:
    embedder = ScriptedEmbedder()
    questions = Questions(embedder)
    impatient = asyncio.create_task(questions.embed("Where is it?"))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient

    assert (await questions.embed("Where is it?")).length > 0


class Growing(ScriptedEmbedder):
    """What answers under its name is another model by now."""

    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        vectors = await super().embed(texts, kind=kind)
        return vectors if len(texts) > 1 else np.hstack((vectors, vectors))


async def test_a_vector_of_another_length_than_before_is_refused_in_words() -> None:
    with pytest.raises(OtherSpace, match="another one"):
        await Questions(Growing()).embed("Where is it?")
