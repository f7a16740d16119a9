"""What happens to what was found: put in order, joined, and by turns for several questions."""

import asyncio
from collections.abc import Sequence

import pytest

from groundwire.adapters.reranker.scripted import ScriptedReranker
from groundwire.model.errors import ModelUnavailable
from groundwire.ports.reranker import Reranker
from groundwire.retrieve.rerank import RERANKED, Reranking
from tests.support.library import HOME, Library, MissingEmbedder


class SlowReranker(ScriptedReranker):
    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        self.asked.append((query, tuple(texts)))
        await asyncio.Event().wait()
        raise AssertionError


class BrokenReranker(ScriptedReranker):
    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        raise ZeroDivisionError


class LongestFirst(ScriptedReranker):
    """Gives logits, as most models do."""

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        await super().rerank(query, texts)
        return [len(text) - 30.0 for text in texts]


SHORT, LONG = "The rules file builds the package.", "Cats and packages sleep a lot in the sun."


async def test_a_reranker_gives_the_order_and_the_evidence_stays(library: Library) -> None:
    await library.put("Guide", SHORT)
    await library.put("Cats", LONG)
    reranker = LongestFirst()

    fused = await library.search().search(HOME, "What builds the package?", limit=2)
    ordered = await library.search(reranking=Reranking(reranker)).search(
        HOME, "What builds the package?", limit=2
    )

    assert [passage.title for passage in fused.passages] == ["Guide", "Cats"]
    assert [passage.title for passage in ordered.passages] == ["Cats", "Guide"]
    assert (fused.reranked, ordered.reranked, ordered.why) == (None, True, None)
    assert {p.title: p.relevance for p in ordered.passages} == {
        p.title: p.relevance for p in fused.passages
    }
    assert 1 > ordered.passages[0].score > ordered.passages[1].score > 0
    assert reranker.asked == [
        ("What builds the package?", (f"Guide\n{SHORT}", LONG)),
    ]


async def test_what_a_reranker_prefers_opens_the_floor_to_nothing(library: Library) -> None:
    await library.put("Guide", SHORT, embedded=False)
    await library.put("Cats", LONG, embedded=False)
    search = library.search(reranking=Reranking(LongestFirst()))

    about = await search.search(HOME, "What builds the package?", limit=1)
    other = await search.search(HOME, "Which file holds melodies sung by whales?", limit=1)

    # The best by evidence is not among those that are shown, and counts all the same.
    assert [passage.title for passage in about.relevant] == ["Cats"]
    assert (len(other.passages), other.relevant) == (1, ())


@pytest.mark.parametrize(
    ("reranker", "why"),
    [
        (ScriptedReranker(fail=ModelUnavailable("The reranker is away.")), "The reranker is away."),
        (SlowReranker(), "The reranker was not done within 0.01 s."),
        (BrokenReranker(), "The reranker failed; the server's log says why."),
    ],
)
async def test_without_its_reranker_a_search_keeps_its_order_and_says_so(
    library: Library, reranker: Reranker, why: str
) -> None:
    await library.put("Guide", SHORT)
    await library.put("Cats", LONG)

    fused = await library.search().search(HOME, "What builds the package?", limit=2)
    found = await library.search(reranking=Reranking(reranker, patience_s=0.01)).search(
        HOME, "What builds the package?", limit=2
    )

    assert found.passages == fused.passages
    assert (found.reranked, found.why) == (False, why)


@pytest.mark.parametrize(("rest_s", "asked"), [(3_600.0, 1), (0.0, 3)])
async def test_a_reranker_that_was_late_is_left_alone_for_a_while(
    library: Library, rest_s: float, asked: int
) -> None:
    await library.put("Guide", SHORT)
    await library.put("Cats", LONG)
    reranking = Reranking(reranker := SlowReranker(), patience_s=0.01, rest_s=rest_s)
    search = library.search(reranking=reranking)

    for _ in range(3):
        found = await search.search(HOME, "package", limit=2)
        assert found.why == "The reranker was not done within 0.01 s."

    assert len(reranker.asked) == asked


async def test_what_fails_beside_the_reranker_is_told_as_well(library: Library) -> None:
    await library.put("Guide", SHORT)
    await library.put("Cats", LONG)
    reranker = ScriptedReranker(fail=ModelUnavailable("The reranker is away."))

    found = await library.search(MissingEmbedder(), reranking=Reranking(reranker)).search(
        HOME, "package", limit=2
    )

    assert found.why == "The weights are missing. The reranker is away."


async def test_the_beginnings_of_named_documents_stay_behind_what_was_found(
    library: Library,
) -> None:
    guide = await library.put("Guide", "What is all that builds anything at all?", SHORT)
    search = library.search(reranking=Reranking(LongestFirst()))

    found = await search.search(HOME, "rules", limit=3, documents=[guide])

    assert {passage.id for passage in found.passages} == {"doc_Guide:0", "doc_Guide:1"}


async def test_chunks_that_follow_each_other_are_one_passage_unless_a_page_ends_between(
    library: Library,
) -> None:
    texts = "The rules file builds the package.", "The package has a rules file."
    await library.put("Guide", *texts, paged=False)
    await library.put("Paged", "A rules file is in the package.", "Which package has rules?")

    found = await library.search().search(HOME, "rules file package", limit=5)

    assert {passage.id: passage.text for passage in found.passages} == {
        "doc_Guide:0-1": "\n\n".join(texts),
        "doc_Paged:0": "A rules file is in the package.",
        "doc_Paged:1": "Which package has rules?",
    }


ASKED = ("What builds the package?", "How long do cats sleep?")


async def test_the_parts_of_a_question_have_their_passages_by_turns(library: Library) -> None:
    for n in range(4):
        await library.put(f"Guide {n}", f"The rules file {n * 'really '}builds the package.")
        await library.put(f"Cats {n}", f"For {n} hours, how long cats sleep is {n * 'well '}known.")

    found = await library.search().search(HOME, " ".join(ASKED), limit=4, parts=ASKED)

    assert [passage.title.split()[0] for passage in found.passages] == ["Guide", "Cats"] * 2
    assert len({passage.id for passage in found.passages}) == 4


async def test_one_part_with_an_answer_is_enough_to_answer_from(library: Library) -> None:
    await library.put("Guide", "The rules file builds the package.")
    for n in range(4):
        await library.put(f"Cats {n}", f"They sleep for {n} hours.")
    search = library.search(MissingEmbedder())
    asked = ("Which rules file builds the package?", "Where do whales sing melodies?")

    found = await search.search(HOME, " ".join(asked), limit=3, parts=asked)
    nothing = await search.search(HOME, asked[1], limit=3, parts=[asked[1], "Whose melodies?"])

    assert found.relevant == found.passages
    assert found.passages[0].title == "Guide"
    assert found.why == "The weights are missing."
    assert nothing.relevant == ()


async def test_a_reranker_reads_no_more_for_several_questions_than_for_one(
    library: Library,
) -> None:
    for n in range(RERANKED):
        await library.put(f"Guide {n}", f"The rules file {n * 'really '}builds the package.")
    reranker = ScriptedReranker()
    search = library.search(reranking=Reranking(reranker))

    found = await search.search(HOME, " ".join(ASKED), limit=2, parts=ASKED)

    assert found.reranked is True
    assert {query: len(texts) for query, texts in reranker.asked} == dict.fromkeys(
        ASKED, RERANKED // 2
    )
