"""Pages that are too large, too slow, broken or no text, and what is said of them."""

import asyncio
import tracemalloc

import pytest

from groundwire.adapters.parsers.pool import ParserPool
from tests.support.fetching import refusal, tool
from tests.support.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_more_redirects_than_five_are_not_followed(parser: ParserPool, site: Site) -> None:
    url = site.lead_on("/loop", "/loop")

    assert "more than 5 times" in await refusal(tool(parser, site.place), url)
    assert site.asked == ["/loop"] * 6


@pytest.mark.parametrize("path", ["/flood", "/announced", "/bomb", "/nested"])
async def test_a_page_that_is_too_large_is_given_up(
    parser: ParserPool, site: Site, path: str
) -> None:
    site.show("/announced", b"x" * 2_000_001, "text/plain")
    site.zip("/bomb", b"\0" * 50_000_000)
    site.zip("/nested", b"<p>" * 700_000)

    said = await refusal(tool(parser, site.place), site.url + path)

    assert said == "This page is larger than 2,000,000 bytes. Fetch a smaller one."


async def test_a_bomb_is_not_unpacked(parser: ParserPool, site: Site) -> None:
    url = site.zip("/bomb", b"\0" * 50_000_000)
    tracemalloc.start()
    try:
        await refusal(tool(parser, site.place), url)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 10_000_000


async def test_a_page_of_just_the_size_is_taken(parser: ParserPool, site: Site) -> None:
    body = b"x" * 1_999_999 + b"\n"
    for url in (site.show("/whole", body, "text/plain"), site.zip("/zip", body, "text/plain")):
        assert "xxx" in await tool(parser, site.place).use({"url": url})


async def test_a_page_that_drips_is_given_up(parser: ParserPool, site: Site) -> None:
    said = await refusal(tool(parser, site.place, wall_s=0.3), f"{site.url}/drip")

    assert said.startswith("127.0.0.1 took longer than 0.3 seconds.")


async def test_a_server_that_says_nothing_is_given_up(parser: ParserPool) -> None:
    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    said = await refusal(tool(parser, f"127.0.0.1:{port}", wall_s=0.2), f"http://127.0.0.1:{port}/")

    assert "took longer" in said
    for writer in writers:
        writer.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nhalf",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "half a page", "no HTTP", "a head without end"],
)
async def test_a_server_that_breaks_off_or_speaks_no_http_is_told(
    parser: ParserPool, answer: bytes
) -> None:
    async def rude(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    assert "cannot be reached, or broke off" in await refusal(
        tool(parser, place), f"http://{place}/"
    )
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("body", "encoding", "why"),
    [
        (b"no gzip at all", "gzip", "broke off"),
        (b"\x1f\x8b\x08", "gzip", "in the middle"),
        (b"whatever", "br", "not asked for"),
    ],
)
async def test_a_page_that_cannot_be_unpacked_is_told(
    parser: ParserPool, site: Site, body: bytes, encoding: str, why: str
) -> None:
    url = site.show("/zipped", body, headers={"Content-Encoding": encoding})

    assert why in await refusal(tool(parser, site.place), url)


@pytest.mark.parametrize("media_type", ["image/png", "application/octet-stream", "", "text/css"])
async def test_what_is_no_page_of_text_is_not_read(
    parser: ParserPool, site: Site, media_type: str
) -> None:
    url = site.show("/kind", b"x", media_type)

    assert "not a page of text" in await refusal(tool(parser, site.place), url)


@pytest.mark.parametrize(
    ("status", "why"),
    [(404, "no such page"), (403, "everybody"), (500, "now"), (429, "now"), (204, "status 204")],
)
async def test_a_page_that_is_not_shown_is_told(
    parser: ParserPool, site: Site, status: int, why: str
) -> None:
    url = site.show("/status", "", status=status)

    assert why in await refusal(tool(parser, site.place), url)


@pytest.mark.parametrize(
    ("media_type", "body", "why"),
    [
        ("text/html", "<script>render()</script>", "no text"),
        ("text/html", "", "no text"),
        ("application/pdf", "%PDF-1.7 and no more", "cannot be read"),
        ("text/plain", b"GIF89a", "cannot be read"),
    ],
)
async def test_a_page_that_the_parser_refuses_is_told(
    parser: ParserPool, site: Site, media_type: str, body: str | bytes, why: str
) -> None:
    url = site.show("/kind", body, media_type)

    assert why in await refusal(tool(parser, site.place), url)
