"""A model's file is pulled whole and right, or not at all."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from groundwire.adapters.models.catalogue import PULLABLE, Pullable
from groundwire.adapters.models.pull import PullTimeouts, pull
from groundwire.model.errors import InvalidField, ModelUnavailable, UnknownModel
from tests.support.loopback import serve_app

CONTENT = bytes(range(256)) * 4096
DIGEST = hashlib.sha256(CONTENT).hexdigest()
QUICK = PullTimeouts(connect_s=2.0, idle_s=2.0, retry_s=0.0)


class FileServer:
    """Serves one file; cuts the connection after each of ``cuts`` bytes in turn."""

    def __init__(self) -> None:
        self.url = ""
        self.cuts: list[int] = []
        self.ranges: list[str | None] = []
        self.knows_ranges = True

    async def get(self, request: web.Request) -> web.StreamResponse:
        wanted = request.headers.get("Range")
        self.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        start = start if self.knows_ranges else 0
        response = web.StreamResponse(status=206 if wanted and self.knows_ranges else 200)
        response.content_length = len(CONTENT) - start
        await response.prepare(request)
        if self.cuts:
            await response.write(CONTENT[start : start + self.cuts.pop(0)])
            await asyncio.sleep(0)
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(CONTENT[start:])
        return response


@pytest.fixture
async def server() -> AsyncIterator[FileServer]:
    server = FileServer()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.get)
    async with serve_app(app) as server.url:
        yield server


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_download_that_is_cut_goes_on_where_it_was(
    server: FileServer, tmp_path: Path
) -> None:
    server.cuts = [100_000, 200_000]

    pulled = await pull(f"{server.url}/m.gguf", tmp_path, sha256=DIGEST, timeouts=QUICK)

    assert pulled.path.read_bytes() == CONTENT
    assert server.ranges[0] is None
    assert all(server.ranges[1:])
    assert pulled.checked == "given"
    assert names(tmp_path) == ["m.gguf", "pins.json"]


async def test_a_pull_that_gave_up_is_continued_by_the_next(
    server: FileServer, tmp_path: Path
) -> None:
    server.cuts = [1000] * 5
    with pytest.raises(ModelUnavailable, match="What came is kept"):
        await pull(f"{server.url}/m.gguf", tmp_path, timeouts=QUICK)

    pulled = await pull(f"{server.url}/m.gguf", tmp_path, timeouts=QUICK)

    assert pulled.sha256 == DIGEST
    assert server.ranges[-1] is not None


async def test_a_server_without_ranges_begins_again(server: FileServer, tmp_path: Path) -> None:
    server.knows_ranges = False
    server.cuts = [100_000]

    pulled = await pull(f"{server.url}/m.gguf", tmp_path, sha256=DIGEST, timeouts=QUICK)

    assert pulled.path.read_bytes() == CONTENT


async def test_a_file_with_the_wrong_hash_is_not_kept(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="not the file it should be"):
        await pull(f"{server.url}/m.gguf", tmp_path, sha256="0" * 64, timeouts=QUICK)

    assert names(tmp_path) == []


async def test_a_hash_that_nobody_knew_is_pinned_by_the_first_pull(
    server: FileServer, tmp_path: Path
) -> None:
    seen: list[tuple[int, int | None]] = []
    first = await pull(
        f"{server.url}/m.gguf",
        tmp_path,
        timeouts=QUICK,
        progress=lambda there, whole: seen.append((there, whole)),
    )
    first.path.write_bytes(b"something else")

    assert first.checked == "first"
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    with pytest.raises(ModelUnavailable, match="not the file it should be"):
        await pull(f"{server.url}/m.gguf", tmp_path, timeouts=QUICK)


async def test_a_name_is_looked_for_at_each_address(server: FileServer, tmp_path: Path) -> None:
    nowhere, here = "http://127.0.0.1:9/{file}", server.url + "/{repository}/{file}"

    pulled = await pull(
        "qwen3-0.6b", tmp_path, addresses=(nowhere, here), sha256=DIGEST, timeouts=QUICK
    )

    assert pulled.path.name == "Qwen3-0.6B-Q8_0.gguf"


@pytest.mark.parametrize("entry", PULLABLE, ids=lambda entry: entry.name)
async def test_what_the_catalogue_names_is_kept_only_with_the_hash_it_knows(
    server: FileServer, tmp_path: Path, entry: Pullable
) -> None:
    here = server.url + "/{repository}/{file}"

    with pytest.raises(ModelUnavailable, match=entry.sha256):
        await pull(entry.name, tmp_path, addresses=(here,), timeouts=QUICK)

    assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
    assert names(tmp_path) == []


@pytest.mark.parametrize("what", ["file:///etc/passwd", "http://127.0.0.1/model.bin"])
async def test_only_a_gguf_by_http_is_pulled(tmp_path: Path, what: str) -> None:
    with pytest.raises(InvalidField):
        await pull(what, tmp_path)


async def test_an_unknown_name_lists_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="qwen3-4b"):
        await pull("gpt-2000", tmp_path)
