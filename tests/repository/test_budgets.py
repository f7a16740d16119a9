"""Beauty is lost in the tail: in the longest modules and functions, not in the average ones."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path
    for folder in ("src", "tests", "bench", "scripts", "sdk/python")
    for path in (ROOT / folder).rglob("*.py")
)


def lines_of_modules() -> dict[str, int]:
    return {
        module.relative_to(ROOT).as_posix(): len(module.read_text("utf-8").splitlines())
        for module in MODULES
    }


def lines_of_functions() -> Iterator[tuple[str, int]]:
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                place = f"{module.relative_to(ROOT)}:{node.lineno} {node.name}"
                yield place, node.end_lineno - node.lineno + 1


def longer_than(limit: int, lengths: dict[str, int]) -> dict[str, int]:
    return {place: lines for place, lines in lengths.items() if lines > limit}


def test_no_module_is_longer_than_400_lines_and_few_than_300() -> None:
    lengths = lines_of_modules()

    assert not longer_than(400, lengths)
    assert len(longer_than(300, lengths)) <= len(lengths) / 10


def test_no_function_is_longer_than_40_lines_and_few_than_25() -> None:
    lengths = dict(lines_of_functions())

    assert not longer_than(40, lengths)
    assert len(longer_than(25, lengths)) <= len(lengths) / 10
