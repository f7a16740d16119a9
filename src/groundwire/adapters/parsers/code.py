"""Source code: whole lines, parted where its authors part it."""

import re
from collections.abc import Iterator

from groundwire.adapters.parsers.assemble import Assembler
from groundwire.adapters.parsers.clean import clean_text
from groundwire.model.document_types import CODE, CODE_NAMES
from groundwire.model.documents import Parsed

SUFFIXES = frozenset(f".{end}" for end in CODE)
NAMES = frozenset([*CODE_NAMES, "cmakelists.txt"])
# What closes or goes on with the definition above it.
_CONTINUES = re.compile(r"[\s)}\]]|(?:else|elif|except|finally|end|fi|done|esac|then|do)\b")


def parse_code(text: str) -> Parsed:
    """Read code as blocks of lines: what stands at the left margin after an empty line begins one.

    Each block knows the number of its first line.
    """
    assembler = Assembler()
    lines = clean_text(text).split("\n")
    for first, last in _definitions(lines):
        assembler.code("\n".join(lines[first:last]), first=first + 1)
    return Parsed(blocks=tuple(assembler.blocks))


def _definitions(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield each block as the index of its first line and of the one after its last."""
    first = 0
    for index in range(1, len(lines)):
        line, before = lines[index], lines[index - 1]
        if line.strip() and not before.strip() and not _CONTINUES.match(line):
            yield first, index
            first = index
    yield first, len(lines)
