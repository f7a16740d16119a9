"""Two rankings become one that is no worse than the one that sees."""

import pytest

from groundwire.model.ids import ChunkId
from groundwire.ports.passage_index import Hit, WordHits
from groundwire.retrieve.fuse import USUAL_COSINE, Fused, Near, fuse, read_cosines


def hits(**scores: float) -> list[Hit]:
    return [Hit(ChunkId(name), score) for name, score in scores.items()]


def near(*items: Hit, **scores: float) -> Near:
    return Near([*items, *hits(**scores)], same=0.74, other=0.70)


NOTHING = WordHits((), 0.0)


def test_words_that_cover_the_question_decide_between_close_meanings() -> None:
    words = WordHits(hits(right=20.0, other=5.0), coverage=0.9)

    fused = fuse(words, near(wrong=0.90, right=0.88, other=0.86))

    assert fused[0].chunk == "right"


def test_words_of_another_language_do_not_drag_the_meaning_down() -> None:
    words = WordHits(hits(wrong=4.0, other=3.9), coverage=0.12)

    fused = fuse(words, near(right=0.80, wrong=0.79, other=0.78))

    assert [item.chunk for item in fused] == ["right", "wrong", "other"]


def test_without_vectors_the_order_is_that_of_the_words() -> None:
    fused = fuse(WordHits(hits(a=9.0, b=4.0), coverage=0.7), Near())

    assert [item.chunk for item in fused] == ["a", "b"]
    assert fused[0].relevance > 0.9 > fused[1].relevance


def test_without_words_the_order_is_that_of_the_meaning() -> None:
    assert [item.chunk for item in fuse(NOTHING, near(a=0.9, b=0.8))] == ["a", "b"]


def test_nothing_found_is_nothing() -> None:
    assert fuse(NOTHING, Near()) == []


@pytest.mark.parametrize("coverage", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("cosine", [-1.0, 0.5, 0.8, 1.0])
def test_scores_and_relevance_lie_between_0_and_1(coverage: float, cosine: float) -> None:
    fused = fuse(WordHits(hits(a=3.0), coverage), near(a=cosine, b=cosine))

    assert all(0 <= item.score <= 1 and 0 <= item.relevance <= 1 for item in fused)


def test_a_hit_that_stands_out_is_relevant_and_one_of_many_alike_is_not() -> None:
    alike = [Hit(ChunkId(f"c{n}"), 0.80 - n / 10_000) for n in range(60)]

    standing_out = fuse(NOTHING, near(Hit(ChunkId("best"), 0.90), *alike))
    lost = fuse(NOTHING, near(*alike))

    assert standing_out[0].relevance > 0.8
    assert lost[0].relevance < 0.1


def test_what_has_no_vector_yet_is_as_near_as_its_words_say() -> None:
    words = WordHits(hits(right=20.0, mentioned=9.0), coverage=0.6)
    embedded = near(first=0.82, second=0.81, mentioned=0.80)
    right = ChunkId("right")

    assert fuse(words, embedded, {right})[0].chunk == right
    # Words that see nothing of the question say nothing of what it means either.
    blind = WordHits(words.hits, coverage=0.02)
    assert fuse(blind, embedded, {right})[0].chunk == "first"


@pytest.mark.parametrize("coverage", [0.1, 0.35, 0.9])
def test_what_has_no_vector_yet_is_as_relevant_as_by_words_alone(coverage: float) -> None:
    words = WordHits(hits(right=20.0), coverage)
    (alone,) = fuse(words, Near())
    fused = fuse(words, near(first=0.90, second=0.81), {ChunkId("right")})

    (right,) = [item for item in fused if item.chunk == "right"]
    assert (right.relevance, right.relevance_across) == (alone.relevance, alone.relevance_across)


def test_names_and_numbers_of_the_question_tell_something_across_languages() -> None:
    named = fuse(WordHits(hits(a=3.0), coverage=0.2), near(a=0.73, b=0.71))
    unnamed = fuse(WordHits(hits(a=3.0), coverage=0.2), near(b=0.73, a=0.71))

    assert named[0].relevance_across > 2 * unnamed[0].relevance_across


def test_the_nearest_of_few_is_less_near_by_chance_in_another_language() -> None:
    few = [Hit(ChunkId(f"c{n}"), 0.75 - n / 1_000) for n in range(3)]
    more = [*few, *(Hit(ChunkId(f"d{n}"), 0.74) for n in range(40))]

    (of_few, *_), (of_more, *_) = fuse(NOTHING, near(*few)), fuse(NOTHING, near(*more))

    assert of_few.relevance_across > of_more.relevance_across
    assert of_few.relevance == of_more.relevance


def test_words_that_cover_all_of_a_short_question_do_not_outshout_its_meaning() -> None:
    words = WordHits(hits(mentioned=9.0, meant=1.0), coverage=1.0)

    fused = fuse(words, near(meant=0.95, mentioned=0.83))

    assert fused[0].chunk == "meant"


def test_what_covers_the_question_is_relevant_within_a_language_though_all_is_near() -> None:
    alike = [Hit(ChunkId(f"c{n}"), 0.85 - n / 10_000) for n in range(60)]

    best = fuse(WordHits(hits(c0=9.0), coverage=0.7), near(*alike))[0]

    assert best.relevance > 0.8


def test_a_workspace_of_one_chunk_is_held_against_passages_about_nothing_in_particular() -> None:
    told, not_told = fuse(NOTHING, near(one=0.90))[0], fuse(NOTHING, near(one=0.77))[0]

    assert told.relevance > 0.9 > 0.2 > not_told.relevance
    assert told.relevance_across > 0.9


def test_cosines_of_another_embedder_are_read_by_what_it_gives_for_no_reason() -> None:
    same, half, none = read_cosines(hits(same=1.0, half=0.6, none=0.2), background=0.2)

    assert same.score == pytest.approx(1.0)
    assert half.score == pytest.approx((1.0 + USUAL_COSINE) / 2)
    assert none.score == pytest.approx(USUAL_COSINE)
    assert read_cosines([same], USUAL_COSINE) == [same]


def test_in_both_languages_relevance_is_between_by_their_shares() -> None:
    def relevance(same: float, across: float, share: float) -> float:
        return Fused(ChunkId("c:0"), 0.5, same, across).relevance_of(share)

    assert relevance(0.3, 0.9, 1.0) == pytest.approx(0.3)
    assert relevance(0.3, 0.9, 0.0) == pytest.approx(0.9)
    assert relevance(0.1, 0.9, 0.5) == pytest.approx(0.5)
    assert 0.1 < relevance(0.1, 0.9, 0.6) < relevance(0.1, 0.9, 0.4) < 0.9
    assert relevance(0.0, 1.0, 0.9) < 0.01
