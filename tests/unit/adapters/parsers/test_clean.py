import pytest

from groundwire.adapters.parsers.clean import clean_text, join_lines, tidy_spaces


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("灯 塔 的 看 守 人 ， 一 直 在 。", "灯塔的看守人，一直在。"),
        ("软件包 流行度 大小 说明", "软件包 流行度 大小 说明"),
        ("在 Debian 系统中 使用", "在 Debian 系统中 使用"),
        ("two  spaces\tand a tab", "two spaces and a tab"),
    ],
)
def test_only_chinese_that_was_spaced_out_loses_its_spaces(text: str, tidy: str) -> None:
    assert tidy_spaces(text) == tidy


def test_lines_are_joined_as_their_script_wants_it() -> None:
    assert join_lines(["the keeper of", "the light"]) == "the keeper of the light"
    assert join_lines(["灯塔的", "看守人"]) == "灯塔的看守人"
    assert join_lines(["使用", "apt 安装"]) == "使用 apt 安装"


def test_what_nobody_can_see_is_dropped() -> None:
    assert clean_text("a\0b\u200b\u00ad\ufeffc\r\nd\u00a0e") == "abc\nd e"
