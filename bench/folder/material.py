"""What the folder is made of: files as they are found, and texts for files to be written."""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

FOUND = frozenset(
    {
        *(".html", ".htm", ".txt", ".md", ".rst", ".pdf", ".epub", ".csv", ".rtf", ".eml"),
        *(".docx", ".pptx", ".xlsx", ".odt", ".ods", ".odp", ".srt", ".vtt"),
        *(".py", ".js", ".ts", ".css", ".sql", ".sh", ".c", ".h"),
    }
)
"""The types that are taken as they are found."""
MOST_BYTES = 16 << 20
# A shorter paragraph is a heading or a rest.
SHORTEST = 80
PARAGRAPHS = 24


@dataclass(frozen=True, slots=True)
class File:
    """A file of the folder. ``bad`` are the codes one of which it must fail with."""

    name: str
    content: bytes
    bad: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """A text that somebody wrote, to be put into a file."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    files: Sequence[Path]
    stories: Sequence[Story]
    pdfs: Sequence[Path]


def gather(folders: Sequence[Path], seed: int) -> Material:
    """Find what there is in ``folders``, in an order that only ``seed`` and the names decide."""
    everything = sorted(
        (path for folder in folders for path in folder.rglob("*") if _is_wanted(path)),
        key=lambda path: (path.name, path.as_posix()),
    )
    chance = random.Random(f"{seed}/material")
    files = [path for path in everything if name_of(path).suffix in FOUND]
    stories = [story for path in everything for story in _stories(path)]
    if not files or not stories:
        raise SystemExit("There are no documents or no texts in these folders.")
    chance.shuffle(files)
    chance.shuffle(stories)
    return Material(files, stories, [path for path in files if name_of(path).suffix == ".pdf"])


def name_of(path: Path) -> Path:
    """Return the name of what is in the file, which may be packed."""
    return Path(path.stem if path.suffix == ".gz" else path.name)


def read(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _is_wanted(path: Path) -> bool:
    suffix = name_of(path).suffix
    is_known = suffix in FOUND or suffix == ".jsonl"
    return is_known and path.is_file() and path.stat().st_size <= MOST_BYTES


def _stories(path: Path) -> Iterator[Story]:
    name = name_of(path)
    if name.suffix == ".jsonl":
        yield from _entries(path)
    elif name.suffix in {".txt", ".md", ".rst"}:
        parts = read(path).decode(errors="replace").split("\n\n")
        texts = [" ".join(part.split()) for part in parts]
        paragraphs = [text for text in texts if len(text) >= SHORTEST and text.isprintable()]
        for start in range(0, len(paragraphs), PARAGRAPHS):
            yield Story(f"{name.stem} {start}", tuple(paragraphs[start : start + PARAGRAPHS]))


def _entries(path: Path) -> Iterator[Story]:
    """Yield the texts of a question set's corpus, several to a story."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    texts = [line for line in lines if len(line.get("text", "")) >= SHORTEST]
    for start in range(0, len(texts), PARAGRAPHS // 4):
        some = texts[start : start + PARAGRAPHS // 4]
        title = some[0].get("title") or f"{path.parent.name} {start}"
        yield Story(title, tuple(" ".join(each["text"].split()) for each in some))
