"""Text recognition by Tesseract, a program of its own."""

import ctypes
import io
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from PIL import Image

from groundwire.adapters.parsers.clean import join_lines, tidy_spaces
from groundwire.model.errors import UnreadableDocument

LANGUAGES = ("eng", "chi_sim")
INSTALL = (
    "install Tesseract with its languages (on Debian: tesseract-ocr, tesseract-ocr-chi-sim; with "
    "Homebrew: tesseract, tesseract-lang)"
)
PAGE_S = 90.0
# Lines that it is less sure of are mostly what it sees in pictures.
_SURE = 40.0
# Of clear print that lies the right way it is 77 and more sure, of the same on its head up to 66.
_SURE_OF_PAGE = 75.0


class _Word(NamedTuple):
    line: tuple[int, int, int]  # the numbers of its block, paragraph and line
    sure: float
    text: str

    @property
    def paragraph(self) -> tuple[int, int]:
        return self.line[:2]


class Ocr:
    """Reads pictures of pages with the program at ``path``, in the ``languages`` that it has."""

    def __init__(self, path: str, languages: Sequence[str]) -> None:
        self._path = path
        self._languages = languages

    def paragraphs(self, picture: Image.Image, dpi: int) -> list[str]:
        """Return what is written on ``picture``, of mode ``L``, in reading order.

        Raises ``UnreadableDocument`` (timed_out, broken).
        """
        words = self._read(picture, dpi)
        if _sureness(words) < _SURE_OF_PAGE * len(words):
            words = max(words, self._read(picture.rotate(180), dpi), key=_sureness)
        groups = groupby(words, key=lambda word: word.paragraph)
        return [text for _, group in groups if (text := _paragraph(list(group)))]

    def _read(self, picture: Image.Image, dpi: int) -> list[_Word]:
        """Read it as it lies, or on its left side: it tells the two apart itself."""
        languages = ["-l", "+".join(self._languages), "--dpi", str(dpi)]
        command = [self._path, "stdin", "stdout", *languages, "tsv"]
        return list(_words(_run(command, _pgm(picture))))


def open_ocr(path: str | None) -> Ocr | None:
    """Return what reads pictures; ``None`` without the program or its languages."""
    languages = languages_of(path) if path else []
    return Ocr(path, languages) if path and languages else None


def languages_of(path: str) -> list[str]:
    """Return those of `LANGUAGES` that the program at ``path`` has."""
    try:
        listed = _run([path, "--list-langs"], b"").split()
    except (OSError, UnreadableDocument):
        return []
    return [each for each in LANGUAGES if each in listed]


def _run(command: list[str], picture: bytes) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (the path is the server's, the rest is constant)
            command,
            input=picture,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PAGE_S,
            env={"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"},
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableDocument(
            "timed_out", "Recognising the text of this page took too long."
        ) from error
    except subprocess.CalledProcessError as error:
        raise UnreadableDocument(
            "broken", "The text of this page could not be recognised."
        ) from error
    return done.stdout.decode("utf-8", "replace")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)


def _pgm(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PPM")
    return buffer.getvalue()


def _words(output: str) -> Iterator[_Word]:
    for row in output.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) == 12 and cells[0] == "5" and cells[11].strip():
            block, paragraph, line = map(int, cells[2:5])
            yield _Word((block, paragraph, line), float(cells[10]), cells[11])


def _sureness(words: Sequence[_Word]) -> float:
    return sum(word.sure for word in words)


def _paragraph(words: Sequence[_Word]) -> str:
    """Join the lines; one that it was not sure of is left out."""
    lines: list[str] = []
    for _, group in groupby(words, key=lambda word: word.line):
        line = list(group)
        if _sureness(line) >= _SURE * len(line):
            lines.append(join_lines([word.text for word in line]))
    text = tidy_spaces(join_lines(lines))
    return text if any(map(str.isalnum, text)) else ""
