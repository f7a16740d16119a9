"""What we compare ourselves with cuts, weighs and merges as it is known to."""

from bench.baselines import Bm25, cut, merge


def test_a_text_is_cut_at_paragraphs_then_lines_then_spaces() -> None:
    text = "one two three\n\nfour\nfive six"

    assert cut(text, size=13, overlap=0) == ["one two three", "four\nfive six"]
    assert cut(text, size=8, overlap=0) == ["one two", "three", "four", "five six"]


def test_a_text_without_spaces_is_cut_anywhere_and_cuts_overlap() -> None:
    assert cut("一二三四五六七八", size=5, overlap=2) == ["一二三四五", "四五六七八"]


def test_nothing_is_lost_between_the_cuts() -> None:
    words = [f"word{n}" for n in range(300)]

    cuts = cut(" ".join(words), size=100, overlap=20)

    assert max(map(len, cuts)) <= 100
    assert list(dict.fromkeys(" ".join(cuts).split())) == words


def test_words_are_compared_as_they_are_written() -> None:
    words = Bm25(["Berlin is large", "berlin sleeps", "Rome wakes up", "Oslo waits", "冷暖自知"])

    scores = words.score("Berlin 冷暖")

    assert scores[0] > 0
    assert list(scores[1:]) == [0, 0, 0, 0]


def test_a_rare_word_weighs_more_than_a_frequent_one() -> None:
    words = Bm25(["a b", "a c", "d e", "f g", "h i"])

    scores = words.score("a b c")

    assert scores[0] == scores[1] > words.score("a")[0] > 0
    assert words.score("b")[0] > words.score("a")[0]


def test_what_both_lists_have_comes_before_what_one_has() -> None:
    assert merge([1, 2, 3], [3, 4]) == [3, 1, 2, 4]
