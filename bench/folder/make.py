"""The folder, made of the material as a seed decides, so that a run can be repeated."""

import random
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from bench.folder.bad import bad_files
from bench.folder.material import File, Material, Story, digest, name_of, read
from bench.folder.writers import WRITERS, Slices

WRITTEN_SHARE = 0.3
# A text that is used again gives the same bytes in some formats: then the next one is taken.
MOST_TRIES = 20_000


def make_folder(
    material: Material, folder: Path, *, count: int, bad: int, seed: int
) -> dict[str, tuple[str, ...]]:
    """Write ``count`` files, no two with the same bytes; ``bad`` of them cannot be read.

    Return their names, each with the codes one of which it must fail with: none if it is good.
    """
    stories = cycle(material.stories)
    seen = set[str]()
    unreadable = _distinct(bad_files(stories, seed, bad), bad, seen)
    good = count - len(unreadable)
    written = _distinct(_written(material, stories), int(good * WRITTEN_SHARE), seen)
    found = _distinct(_found(material), good - len(written), seen)
    missing = good - len(written) - len(found)
    more = _distinct(_written(material, stories), missing, seen)
    files = [*unreadable, *written, *found, *more]
    random.Random(f"{seed}/order").shuffle(files)
    named = {f"{number:04}-{file.name}": file for number, file in enumerate(files)}
    for name, file in named.items():
        (folder / name).write_bytes(file.content)
    return {name: file.bad for name, file in named.items()}


def _distinct(files: Iterator[File], wanted: int, seen: set[str]) -> list[File]:
    """Take ``wanted`` of ``files`` whose bytes nobody had, fewer if there are no more."""
    taken = list[File]()
    for tries, file in enumerate(files):
        if len(taken) == wanted or tries == MOST_TRIES:
            break
        if (its := digest(file.content)) not in seen:
            seen.add(its)
            taken.append(file)
    return taken


def _written(material: Material, stories: Iterator[Story]) -> Iterator[File]:
    slices = Slices(material)
    for suffix, write in cycle(WRITERS.items()):
        story = next(stories)
        pages = slices.cut() if suffix == ".pdf" else None
        yield File(f"written{suffix}", pages or write(story))


def _found(material: Material) -> Iterator[File]:
    for path in material.files:
        yield File(name_of(path).name, read(path))
