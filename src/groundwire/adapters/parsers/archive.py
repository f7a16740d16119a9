"""Zip files that do not trust what they are told about themselves."""

import zipfile
import zlib
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
# Of an archive of documents, which are read one at a time.
MAX_CONTAINER_BYTES = 4 << 30

_ENCRYPTED = 0x1

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


class Archive:
    """The entries of a zip file, read within limits.

    Of a ``document``, every entry is checked before the first is read; of a mere collection,
    each by itself. Raises ``UnreadableDocument`` (broken, encrypted, too_large).
    """

    def __init__(self, archive: zipfile.ZipFile, *, document: bool = True) -> None:
        self._zip = archive
        self._names = set(archive.namelist())
        self._left = MAX_UNPACKED_BYTES if document else MAX_CONTAINER_BYTES
        entries = archive.infolist()
        if not document:
            return
        if len(entries) > MAX_ENTRIES or sum(each.file_size for each in entries) > self._left:
            raise too_large()
        for entry in entries:
            _require_plausible(entry)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def entries(self) -> list[zipfile.ZipInfo]:
        return self._zip.infolist()

    def read(self, name: str) -> bytes:
        most = min(MAX_ENTRY_BYTES, self._left)
        with self.open(name) as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise too_large()
        return content

    def read_member(self, entry: zipfile.ZipInfo) -> bytes:
        """Return a file of a collection; what is wrong with it is its own fault only."""
        if entry.flag_bits & _ENCRYPTED:
            raise encrypted()
        _require_plausible(entry)
        try:
            content = self.read(entry.filename)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise broken() from error
        self._left -= len(content)
        return content

    @contextmanager
    def open(self, name: str) -> Generator[IO[bytes]]:
        if name not in self:
            raise broken()
        try:
            with self._zip.open(name) as file:
                yield file
        except RuntimeError as error:  # what zipfile raises for an entry with a password
            raise encrypted() from error

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
def open_archive(source: Path | IO[bytes], *, document: bool = True) -> Generator[Archive]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield Archive(archive, document=document)
    except (zipfile.BadZipFile, zlib.error, EOFError, ET.ParseError, NotImplementedError) as error:
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


def encrypted() -> UnreadableDocument:
    return UnreadableDocument(
        "encrypted", "This file is protected by a password. Upload a copy without it."
    )


def too_large() -> UnreadableDocument:
    return UnreadableDocument(
        "too_large", "Unpacked, this file is far too large to be read. Split it and upload parts."
    )


def _require_plausible(entry: zipfile.ZipInfo) -> None:
    packed = max(entry.compress_size, 1)
    if entry.file_size > RATIO_FREE_BYTES and entry.file_size / packed > MAX_RATIO:
        raise too_large()


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
