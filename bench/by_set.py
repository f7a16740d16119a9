"""The command of a bench that measures one set of questions after another."""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from bench import saved
from bench.evalset import find_sets
from bench.vectors import RememberingEmbedder
from groundwire.adapters.embedder.local import LocalEmbedder

Measure = Callable[[Path, RememberingEmbedder], Awaitable[dict[str, Any]]]
"""Returns the figures of the set in a folder."""


def parser_of(about: str | None, results: Path) -> argparse.ArgumentParser:
    """Return what reads a command line, but for what is a bench's own."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0] if about else None)
    parser.add_argument("--sets", type=Path, required=True, help="a folder of sets, or one set")
    parser.add_argument("--only", nargs="*", default=[], help="names of sets")
    parser.add_argument("--save", action="store_true", help=f"keep it in {results.name}")
    return parser


def choose(asked: argparse.Namespace) -> list[Path]:
    """Return the folders of the sets that were asked for; where there is none, end with that."""
    chosen = [path for path in find_sets(asked.sets) if not asked.only or path.name in asked.only]
    if not chosen:
        sys.exit(f"there is no set in {asked.sets}")
    return chosen


def run(asked: argparse.Namespace, measure: Measure, results: Path) -> None:
    """Measure each set, print the figures, and save them if that was asked for.

    Sets that were not asked for stay as they were saved.
    """
    measured = asyncio.run(_measure_each(choose(asked), measure))
    if asked.save:
        saved.write(results, saved.merge(saved.read(results), measured))
    print(json.dumps(measured, indent=2))


async def _measure_each(folders: Sequence[Path], measure: Measure) -> dict[str, dict[str, Any]]:
    local = LocalEmbedder(timeout_s=600)
    embedder = RememberingEmbedder(local)
    measured: dict[str, dict[str, Any]] = {}
    try:
        for folder in folders:
            measured[folder.name] = await measure(folder, embedder)
            print(f"{folder.name}: {measured[folder.name]}", file=sys.stderr)
    finally:
        embedder.close()
        await local.aclose()
    return measured
