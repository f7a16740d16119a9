"""A text is Chinese though it has commands in it, and English though it names a place."""

import pytest

from groundwire.retrieve.language import chinese_share, is_chinese


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
    ("text", "share"),
    [
        ("用 chown 修改文件的所有者", 1.0),
        ("The ground wire carries it back. 不超过四欧姆", 1 / 3),
        ("It names no place", 0.0),
    ],
)
def test_which_share_of_a_text_is_chinese(text: str, share: float) -> None:
    assert chinese_share(text) == pytest.approx(share)
