"""What is read can be had in chunks, cut by the process that read it."""

from pathlib import Path

import pytest

from groundwire.adapters.parsers.pool import Limits, ParserPool
from groundwire.cut.chunk import chunk_blocks
from groundwire.cut.terms import chunk_terms
from groundwire.model.documents import Cut
from groundwire.model.errors import UnreadableDocument
from groundwire.model.ids import DocumentId, chunk_id
from tests.files import report, zipped

pytestmark = pytest.mark.asyncio(loop_scope="module")

GUIDE = DocumentId("d_guide")
REPORT = bytes(report(3).output())
NOTES = "# Oil\n\nWhale oil burns. 鲸油可以燃烧。\n\n" + "Nobody counts it any more. " * 200


async def cut(
    parser: ParserPool, folder: Path, name: str, content: bytes | str, *, version: int = 1
) -> Cut:
    path = folder / "blob"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return await parser.cut(path, name=name, document=GUIDE, version=version)


def ids(count: int, version: int = 1) -> list[str]:
    return [chunk_id(GUIDE, position, version) for position in range(count)]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("name", "content"), [("report.pdf", REPORT), ("notes.md", NOTES)])
async def test_the_chunks_are_those_of_the_blocks_with_their_terms(
    parser: ParserPool, tmp_path: Path, name: str, content: bytes | str, version: int
) -> None:
    found = await cut(parser, tmp_path, name, content, version=version)
    parsed = await parser.parse(tmp_path / "blob", name=name)

    assert found.chunks == chunk_blocks(GUIDE, parsed.blocks, version=version)
    assert [chunk.id for chunk in found.chunks] == ids(len(found.chunks), version)
    assert found.terms == [chunk_terms(name, chunk.headings, chunk.text) for chunk in found.chunks]
    assert (found.pages, found.unread) == (parsed.pages, parsed.unread)


async def test_an_archive_is_cut_file_by_file_and_counted_through(
    parser: ParserPool, tmp_path: Path
) -> None:
    files = {"report.pdf": REPORT, "broken.pdf": REPORT[:500], "notes.md": NOTES}

    found = await cut(parser, tmp_path, "all.zip", zipped(files))

    assert [chunk.id for chunk in found.chunks] == ids(len(found.chunks))
    assert [chunk.position for chunk in found.chunks] == list(range(len(found.chunks)))
    assert list(dict.fromkeys(chunk.part for chunk in found.chunks)) == ["report.pdf", "notes.md"]
    assert [each.where for each in found.unread] == ["broken.pdf"]
    assert len(found.terms) == len(found.chunks)


async def test_a_file_without_text_is_refused(parser: ParserPool, tmp_path: Path) -> None:
    for name, content in (("no.txt", b" \n"), ("no.zip", zipped({"no.txt": " \n"}))):
        with pytest.raises(UnreadableDocument) as caught:
            await cut(parser, tmp_path, name, content)
        assert caught.value.reason == "empty"


async def test_more_text_than_is_allowed_is_refused(tmp_path: Path) -> None:
    parser = ParserPool(size=1, limits=Limits(text_chars=1_000))
    try:
        with pytest.raises(UnreadableDocument) as caught:
            await cut(parser, tmp_path, "notes.md", NOTES)
    finally:
        await parser.close()
    assert caught.value.reason == "too_large"
