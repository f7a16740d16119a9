"""A text is Chinese though it has commands in it, and English though it names a place."""

import pytest

from groundwire.retrieve.language import is_chinese, script_of


@pytest.mark.parametrize(
    "text",
    ["怎样关闭系统？", "用 chown 修改文件的所有者", "运行 apt-get update 以更新软件包列表"],
)
def test_chinese(text: str) -> None:
    assert is_chinese(text)


@pytest.mark.parametrize(
    "text", ["How do I shut it down?", "", "rm -rf debian/tmp", "The word 道 means way or path"]
)
def test_not_chinese(text: str) -> None:
    assert not is_chinese(text)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("用 chown 修改文件的所有者", "chinese"),
        ("The ground wire carries the current back. 接地电阻不得超过四欧姆。", "mixed"),
        ("The word 道 means way or path", "letters"),
    ],
)
def test_what_a_text_is_written_in(text: str, script: str) -> None:
    assert script_of(text) == script
