"""What the reader of a file may use besides the file."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from groundwire.adapters.parsers.ocr import Ocr
from groundwire.adapters.parsers.pdf_lines import Line


class Aside(Protocol):
    """Reads pages of a file while its owner reads others."""

    def begin(self, path: Path, start: int, step: int) -> None: ...

    def finish(self) -> list[list[Line]]: ...


class Help(NamedTuple):
    """What reading may use: ``aside`` reads part of a long PDF meanwhile, ``ocr`` pictures.

    ``alive`` is to be called wherever a file may take its time, so that it gets more of it.
    """

    alive: Callable[[], None] = lambda: None
    aside: Aside | None = None
    ocr: Ocr | None = None
