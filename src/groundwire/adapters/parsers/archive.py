"""Zip files that do not trust what they are told about themselves."""

import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

from groundwire.model.errors import UnreadableDocument

MAX_UNPACKED_BYTES = 400 << 20
MAX_ENTRY_BYTES = 200 << 20
# XML packs 10 to 30 times, seldom 100; small entries may pack any way they like.
MAX_RATIO = 150
RATIO_FREE_BYTES = 8 << 20
MAX_ENTRIES = 20_000

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


class Archive:
    """The entries of a zip file, read within limits.

    Raises ``UnreadableDocument`` (broken, encrypted, too_large).
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        self._names = set(archive.namelist())
        entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED_BYTES:
            raise too_large()
        for entry in entries:
            packed = max(entry.compress_size, 1)
            if entry.file_size > RATIO_FREE_BYTES and entry.file_size / packed > MAX_RATIO:
                raise too_large()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def names(self) -> list[str]:
        return self._zip.namelist()

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            content = file.read(MAX_ENTRY_BYTES + 1)
        if len(content) > MAX_ENTRY_BYTES:
            raise too_large()
        return content

    @contextmanager
    def open(self, name: str) -> Generator[IO[bytes]]:
        if name not in self:
            raise broken()
        try:
            with self._zip.open(name) as file:
                yield file
        except RuntimeError as error:  # what zipfile raises for an entry with a password
            raise UnreadableDocument(
                "encrypted", "This file is protected by a password. Upload a copy without it."
            ) from error

    def xml(self, name: str) -> ET.Element:
        return parse_xml(self.read(name))

    def relations(self, part: str) -> dict[str, str]:
        """Return the parts that ``part`` refers to, by relation id, as names of entries."""
        folder, _, file = part.rpartition("/")
        name = f"{folder}/_rels/{file}.rels".lstrip("/")
        if name not in self:
            return {}
        return {
            each.get("Id", ""): _resolve(folder, each.get("Target", ""))
            for each in self.xml(name)
            if each.get("TargetMode") != "External"
        }


@contextmanager
def open_archive(source: Path | IO[bytes]) -> Generator[Archive]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield Archive(archive)
    except (zipfile.BadZipFile, EOFError, ET.ParseError, NotImplementedError) as error:
        raise broken() from error


def parse_xml(content: bytes) -> ET.Element:
    """Parse XML that declares no entities: nobody's documents need them, bombs do."""
    if b"<!ENTITY" in content[:4096]:
        raise too_large()
    return ET.fromstring(content)  # noqa: S314 (entities are refused; the process is confined)


def broken() -> UnreadableDocument:
    return UnreadableDocument(
        "broken", "This file is damaged and cannot be opened. Save it again and retry."
    )


def too_large() -> UnreadableDocument:
    return UnreadableDocument(
        "too_large", "Unpacked, this file is far too large to be read. Split it and upload parts."
    )


def _resolve(folder: str, target: str) -> str:
    if target.startswith("/"):
        return target[1:]
    parts = folder.split("/") if folder else []
    for step in target.split("/"):
        if step == "..":
            del parts[-1:]
        elif step != ".":
            parts.append(step)
    return "/".join(parts)
