from collections.abc import Callable

import pytest

from groundwire.adapters.models.rows import read_rows, say_row
from groundwire.adapters.models.spans import cut_spans

PRICES = "Item | Price | Since\nOil | 12 | March 2021\nWick | 3 |\nBell | 950 | 1911 | sold"


def nothing(_: str) -> bool:
    return False


def everything(_: str) -> bool:
    return True


def said(text: str, asks_for: Callable[[str], bool] = nothing) -> list[str]:
    rows = read_rows(text, cut_spans(text)).values()
    return [say_row(row, asks_for) for row in rows if row is not None]


def test_rows_say_their_cells_by_the_names_above_them() -> None:
    assert said(PRICES) == [
        "Oil — Price: 12, Since: March 2021",
        "Wick — Price: 3",
        "Bell | 950 | 1911 | sold",
    ]


def test_of_columns_that_are_asked_for_only_these_are_said() -> None:
    assert said(PRICES, lambda name: name == "Since")[0] == "Oil — Since: March 2021"


def test_chinese_rows_have_chinese_marks() -> None:
    text = "设备 | 价格 | 保修期\n透镜 | 38000 | 五年"

    assert said(text, everything) == ["透镜 — 价格：38000，保修期：五年"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Height | 41 m\nKeeper | Jane Smith", ["Height: 41 m", "Keeper: Jane Smith"]),
        ("1 | 2 | 3\n4 | 5 | 6", ["1 | 2 | 3", "4 | 5 | 6"]),
        ("a | a | b\nc | d | e", ["a | a | b", "c | d | e"]),
        ("zcat file | less", ["zcat file | less"]),
        ("A sentence first.\na | b | c\n\nx | y | z\np | q | r", ["a | b | c", "p — y: q, z: r"]),
    ],
)
def test_what_has_no_names_above_it_stands_as_it_is(text: str, rows: list[str]) -> None:
    assert said(text) == rows
