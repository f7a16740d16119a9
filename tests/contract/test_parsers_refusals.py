"""Each file that cannot be read says why, and harms no other."""

# python-docx types its shapes and styles as their bare base classes.
# pyright: reportUnknownMemberType=false, reportAttributeAccessIssue=false

import asyncio
import io
import os
import signal
import sys
import zipfile
from pathlib import Path

import docx
import pytest
from PIL import Image

from groundwire.adapters.parsers.pool import Limits, ParserPool
from groundwire.model.errors import UnreadableDocument
from tests.files import (
    ODF_NAMES,
    book,
    odf,
    read,
    refused,
    report,
    saved,
    saved_image,
    texts,
    zipped,
)
from tests.ole import compound, outlook
from tests.support.process import children_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


def packed(**entries: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return buffer.getvalue()


LOCKED_MANIFEST = (
    f'<manifest:manifest {ODF_NAMES}><manifest:file-entry manifest:full-path="content.xml">'
    "<manifest:encryption-data/></manifest:file-entry></manifest:manifest>"
)
LOCKED_BOOK = (
    '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
    '<enc:CipherReference URI="OPS/text/one.xhtml"/></enc:EncryptedData></encryption>'
)
MAIL = b"From: a@example.org\nTo: b@example.org\nSubject: lamp\n"


def locked(archive: bytes) -> bytes:
    """Set the mark of encryption on the only file of ``archive``, in both its places."""
    central = archive.index(b"PK\x01\x02")
    marked = bytearray(archive)
    marked[6] |= 1
    marked[central + 8] |= 1
    return bytes(marked)


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">&b;</w:document>
"""


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("nothing.txt", b"", "empty"),
        ("blank.txt", b" \r\n\t ", "empty"),
        ("tags.html", b"<html><body><script>x()</script></body></html>", "empty"),
        ("empty.docx", saved(docx.Document()), "empty"),
        ("cut.pdf", bytes(report(1).output())[:700], "broken"),
        ("junk.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 20, "broken"),
        ("cut.docx", saved(docx.Document())[:2000], "broken"),
        ("hollow.docx", packed(word__document_xml=b"<w:document"), "broken"),
        ("laughs.docx", packed(word__document_xml=LAUGHS), "too_large"),
        ("bomb.docx", packed(word__document_xml=b" " * (60 << 20)), "too_large"),
        ("empty.odt", odf("text", "<text:p/>"), "empty"),
        ("cut.ods", odf("spreadsheet", "")[:200], "broken"),
        ("hollow.odt", zipped({"mimetype": "application/vnd.oasis.opendocument.text"}), "broken"),
        ("drawing.odg", odf("graphics", ""), "unknown_type"),
        ("secret.odt", odf("text", "", **{"META-INF/manifest.xml": LOCKED_MANIFEST}), "encrypted"),
        ("bomb.odt", odf("text", " " * (60 << 20)), "too_large"),
        ("empty.epub", book({"one": "<p> </p>"}), "empty"),
        ("hollow.epub", book({}), "broken"),
        ("drm.epub", book({"one": "x"}, **{"META-INF/encryption.xml": LOCKED_BOOK}), "encrypted"),
        ("empty.rtf", b"{\\rtf1\\ansi\\par}", "empty"),
        ("cut.rtf", b"{\\rtf1\\ansi{\\fonttbl{\\f0 A", "broken"),
        ("deep.rtf", b"{\\rtf1 " + b"{" * 100_000, "broken"),
        ("empty.srt", b"1\n00:00:01,000 --> 00:00:02,000\n\n", "empty"),
        ("photo.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 100, "broken"),
        ("photo.txt", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "broken"),
        ("vast.png", saved_image(Image.new("1", (20_000, 20_000)), "PNG"), "too_large"),
        ("scan.webp", saved_image(Image.new("L", (100, 100), 255), "WEBP"), "needs_ocr"),
        ("files.zip", packed(readme=b"GIF89a"), "unknown_type"),
        ("empty.zip", zipped({}), "empty"),
        ("folders.zip", zipped({"a/": b"", "__MACOSX/b": b"x"}), "empty"),
        ("cut.zip", zipped({"a.txt": b"hello"})[:40], "broken"),
        ("secret.zip", locked(zipped({"a.txt": b"hello"})), "encrypted"),
        ("bomb.zip", zipped({"a.txt": b" " * (60 << 20)}), "too_large"),
        ("visio.vsdx", zipped({"[Content_Types].xml": "<a/>"}), "unknown_type"),
        ("smime.eml", MAIL + b"Content-Type: application/pkcs7-mime\n\nMIAG", "encrypted"),
        ("pgp.eml", MAIL + b"Content-Type: multipart/encrypted; boundary=a\n\n--a--", "encrypted"),
        ("inline.eml", MAIL + b"\n-----BEGIN PGP MESSAGE-----\n\nhQ", "encrypted"),
        ("secret.msg", compound(outlook({0x1A: "IPM.Note.SMIME", 0x37: "x"})), "encrypted"),
        ("cut.msg", compound(outlook({0x37: "x"}))[:700], "broken"),
        ("data.bin", bytes(range(256)) * 8, "unknown_type"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "unknown_type"),
        (
            "secret.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_file_that_cannot_be_read_says_why(
    parser: ParserPool, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    message = await refused(parser, tmp_path, name, content, reason)

    assert message.endswith(".")


async def test_a_file_is_what_its_bytes_are_not_what_its_name_says(
    parser: ParserPool, tmp_path: Path
) -> None:
    parsed = await read(parser, tmp_path, "really.txt", bytes(report(1).output()))

    assert parsed.pages == 1


# -- Confinement --------------------------------------------------------------------------------


async def reading_child(parser: ParserPool) -> int:
    async with asyncio.timeout(20):
        while not (busy := parser.busy()):  # noqa: ASYNC110 (there is no event for it)
            await asyncio.sleep(0)
    return busy[0]


LONG_PDF = bytes(report(30).output())


def heavy_csv() -> bytes:
    return b"a,b,c\n" + b'"x",y,z\n' * 2_000_000


async def test_a_file_that_takes_too_long_times_out_and_the_next_is_read(tmp_path: Path) -> None:
    parser = ParserPool(limits=Limits(wall_s=0.3), size=1)
    await parser.warm()
    try:
        await refused(parser, tmp_path, "slow.csv", heavy_csv(), "timed_out")

        assert texts(await read(parser, tmp_path, "a.txt", b"Fine.")) == ["Fine."]
    finally:
        await parser.close()


async def test_a_file_that_takes_too_much_memory_fails_alone(tmp_path: Path) -> None:
    parser = ParserPool(limits=Limits(memory_bytes=150 << 20), size=1)
    try:
        await refused(parser, tmp_path, "huge.csv", heavy_csv() * 4, "too_large")

        assert texts(await read(parser, tmp_path, "a.txt", b"Fine.")) == ["Fine."]
    finally:
        await parser.close()


async def test_a_file_with_more_to_say_than_is_allowed_fails_alone(tmp_path: Path) -> None:
    parser = ParserPool(limits=Limits(reply_bytes=1_000), size=1)
    try:
        await refused(parser, tmp_path, "long.txt", b"The lamp is lit.\n\n" * 100, "too_large")

        assert texts(await read(parser, tmp_path, "a.txt", b"Fine.")) == ["Fine."]
    finally:
        await parser.close()


async def test_a_crash_of_the_child_is_the_files_error(tmp_path: Path) -> None:
    parser = ParserPool(size=1)
    await parser.warm()
    try:
        reading = asyncio.create_task(read(parser, tmp_path, "slow.csv", heavy_csv()))
        os.kill(await reading_child(parser), signal.SIGSEGV)
        with pytest.raises(UnreadableDocument) as caught:
            await reading
        assert caught.value.reason == "broken"
        assert texts(await read(parser, tmp_path, "a.txt", b"Fine.")) == ["Fine."]
    finally:
        await parser.close()


@pytest.mark.skipif(sys.platform != "linux", reason="a parser has a partner on Linux only")
async def test_a_child_whose_partner_has_died_is_replaced(tmp_path: Path) -> None:
    parser = ParserPool(size=1)
    others = children_of(os.getpid())
    await parser.warm()
    (child,) = children_of(os.getpid()) - others
    (partner,) = children_of(child)
    try:
        os.kill(partner, signal.SIGSEGV)
        await refused(parser, tmp_path, "long.pdf", LONG_PDF, "broken")
        assert (await read(parser, tmp_path, "long.pdf", LONG_PDF)).pages == 30
    finally:
        await parser.close()


async def test_a_cancelled_reading_leaves_no_process(tmp_path: Path) -> None:
    parser = ParserPool(size=1)
    await parser.warm()
    reading = asyncio.create_task(read(parser, tmp_path, "slow.csv", heavy_csv()))
    pid = await reading_child(parser)

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await parser.close()


async def test_children_are_replaced_after_their_share_of_files(tmp_path: Path) -> None:
    parser = ParserPool(limits=Limits(files=2), size=1)
    try:
        for _ in range(5):
            assert texts(await read(parser, tmp_path, "a.txt", b"Fine.")) == ["Fine."]
    finally:
        await parser.close()


async def test_files_that_come_at_once_wait_for_a_free_child(tmp_path: Path) -> None:
    parser = ParserPool(size=2)
    path = tmp_path / "blob"
    path.write_bytes(b"Fine.")
    try:
        parsed = await asyncio.gather(*(parser.parse(path, name="a.txt") for _ in range(12)))
        assert [texts(each) for each in parsed] == [["Fine."]] * 12
    finally:
        await parser.close()
