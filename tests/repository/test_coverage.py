"""The gate of ``make coverage`` holds for what may be called pure."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PURE = "Decisions are functions of values"


def test_every_pure_module_is_under_the_gate_and_no_other() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    (contract,) = (each for each in tool["importlinter"]["contracts"] if each["name"] == PURE)

    gate = tool["coverage"]["report"]

    assert set(gate["include"]) == {files_of(module) for module in contract["source_modules"]}
    assert gate["fail_under"] == 100


def files_of(module: str) -> str:
    path = "src/" + module.replace(".", "/")
    return f"{path}/*" if (ROOT / path).is_dir() else f"{path}.py"
