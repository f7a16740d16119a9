"""Results that are measured by part: what was measured now stands beside what was before."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def read(path: Path) -> Any:
    """Return what is saved at ``path``, or ``None``."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def write(path: Path, results: object) -> None:
    path.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def merge(saved: Mapping[str, Any] | None, measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return both by name; what was measured replaces all that was saved under its name."""
    return dict(sorted({**(saved or {}), **measured}.items()))


def merge_rows(saved: Sequence[Row] | None, measured: Sequence[Row], *by: str) -> list[Row]:
    """Return both; a row that was measured replaces the one with the same fields ``by``."""
    rows = {tuple(row[field] for field in by): row for row in (*(saved or ()), *measured)}
    return list(rows.values())
