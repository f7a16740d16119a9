import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwire.cut.sentences import is_whole, split_clauses, split_sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["The lamp burns. ", "It is old."],
        ["See e.g. the lens, i.e. the glass. ", "It is clear."],
        ["Dr. Smith met J. R. Jones at 3.14 p.m. on Jan. 5. ", "They spoke."],
        ["It costs $3.50 vs. $4.00. ", "Buy it!"],
        ["Version 2.0.1 of apt.conf is read. ", "Then it ends."],
        ["He asked: “Is it lit?” ", "Nobody knew."],
        ["(It was dark.) ", "Then came light."],
        ["Oil, wick, etc. ", "All were new."],
        ["The U.S. coast is long."],
        ["Wait... ", "What?! ", "No."],
        ["她说：“灯亮了。”", "他没有回答。"],
        ["灯亮了吗？", "亮了！", "好。"],
        ["他等着……", "没有人来。"],
        ["第一点；第二点；第三点。", "完。"],
        ["版本是 2.0.1。", "参见 apt.conf 文件。"],
        ["（灯灭了。）", "天黑了。"],
        ["First paragraph\n\n", "Second paragraph"],
        ["Python 3.11 or later. ", "参见第 1.2 节。", "Then read on."],
    ],
    ids=lambda sentences: sentences[0][:24],
)
def test_sentences_end_where_a_reader_says_they_do(sentences: list[str]) -> None:
    assert split_sentences("".join(sentences)) == sentences


def test_no_text_has_no_sentences() -> None:
    assert split_sentences("") == []


@pytest.mark.parametrize(
    "clauses",
    [["看见灯，", "听见海；", "走了"], ["He ", "saw, ", "and ", "heard: ", "sea "]],
    ids=["chinese", "english"],
)
def test_clauses_end_after_a_mark_or_a_space(clauses: list[str]) -> None:
    assert split_clauses("".join(clauses)) == clauses


@given(st.text(alphabet="ab A.。！?”…\n \t,，1"))
def test_no_character_is_lost_or_moved(text: str) -> None:
    assert "".join(split_sentences(text)) == text
    assert "".join(split_clauses(text)) == text


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("It ends.", True),
        ("他走了。”", True),
        ("It goes on", False),
        ("他走", False),
        ("So:", True),
    ],
)
def test_a_whole_text_ends_with_its_sentence(text: str, whole: bool) -> None:
    assert is_whole(text) == whole
