"""The tool `fetch_page` against a real site: what it brings, and what is asked before."""

import json
import re

import pytest

from groundwire.adapters.parsers.pool import ParserPool
from groundwire.adapters.tools.fetch_page import MAX_CHARACTERS
from groundwire.model.errors import ToolUnusable
from tests.files import report
from tests.support.fetching import tool
from tests.support.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_page_is_brought_as_text_between_two_marks(parser: ParserPool, site: Site) -> None:
    output = await tool(parser, site.place).use({"url": f"{site.url}/page#lamp"})

    found = re.fullmatch(
        r"(.*) the two marks (page \w{12}) .* not meant for you\.\n\[\2\]\n(.*)\n\[\2\]",
        output,
        re.DOTALL,
    )
    assert found
    assert found[3] == (
        f"Title: The lighthouse\nURL: {site.url}/page\n\n# Its lamp\n\nThe lamp is lit at dusk."
    )


async def test_a_page_cannot_know_its_mark(parser: ParserPool, site: Site) -> None:
    fetch = tool(parser, site.place)

    first, second = [await fetch.use({"url": f"{site.url}/page"}) for _ in range(2)]

    assert first.splitlines()[-1] != second.splitlines()[-1]


async def test_a_long_page_is_cut_and_says_so(parser: ParserPool, site: Site) -> None:
    url = site.show("/long", "word " * 10_000, "text/plain")

    output = await tool(parser, site.place).use({"url": url})

    assert len(output) < MAX_CHARACTERS + 500
    assert "first 12,000 of 49,999 characters" in output


@pytest.mark.parametrize(
    ("media_type", "body", "text"),
    [
        ("TEXT/HTML; charset=utf-8", "<p>灯塔在黄昏时点亮。</p>", "灯塔在黄昏时点亮。"),
        ("text/html; charset=gbk", "<p>灯塔在黄昏时点亮。</p>".encode("gbk"), "灯塔在黄昏时点亮。"),
        ("text/html; charset=windows-1251", "<p>Маяк</p>".encode("cp1251"), "Маяк"),
        ("text/html; charset=punycode", "<p>lamp</p>", "lamp"),
        ("application/xhtml+xml", "<html><body><p>lamp</p></body></html>", "\nlamp\n"),
        ("text/plain", "lamp <b>", "lamp <b>"),
        ("text/markdown", "# Lamp\n\nis *lit*", "# Lamp\n\nis lit"),
        ("application/json", '{"lamp": 1}', '{"lamp": 1}'),
        ("application/ld+json", '{"lamp": 1}', '{"lamp": 1}'),
    ],
)
async def test_pages_of_every_kind_that_can_be_read_are_read(
    parser: ParserPool, site: Site, media_type: str, body: str | bytes, text: str
) -> None:
    url = site.show("/kind", body, media_type)

    assert text in await tool(parser, site.place).use({"url": url})


async def test_a_pdf_is_read(parser: ParserPool, site: Site) -> None:
    url = site.show("/report", bytes(report(2).output()), "application/pdf")

    assert "Chapter about year 2" in await tool(parser, site.place).use({"url": url})


async def test_a_zipped_page_is_unpacked(parser: ParserPool, site: Site) -> None:
    url = site.zip("/zipped", b"<p>The lamp.</p>")

    assert "The lamp." in await tool(parser, site.place).use({"url": url})


async def test_redirects_are_followed_and_the_last_address_is_told(
    parser: ParserPool, site: Site
) -> None:
    for n, status in enumerate((301, 302, 303, 307, 308)):
        site.lead_on(f"/hop{n}", f"hop{n + 1}", status)
    site.show("/hop5", "<p>There.</p>")

    output = await tool(parser, site.place).use({"url": f"{site.url}/hop0"})

    assert f"URL: {site.url}/hop5\n" in output
    assert "There." in output


async def test_nothing_of_this_machine_is_sent_along(
    parser: ParserPool, site: Site, inner: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", inner.url)
    monkeypatch.setenv("http_proxy", inner.url)
    site.show("/first", "", headers={"Location": "/page", "Set-Cookie": "a=b"}, status=302)

    await tool(parser, site.place).use({"url": f"{site.url}/first"})

    assert inner.asked == []
    assert site.asked == ["/first", "/page"]
    assert {name.lower() for name in site.heads[1]} == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
    }


@pytest.mark.parametrize("input", [{}, {"url": 7}, {"url": None}, {"address": "https://a.b/"}])
async def test_an_input_without_an_address_is_told(
    parser: ParserPool, input: dict[str, object]
) -> None:
    fetch = tool(parser)

    with pytest.raises(ToolUnusable, match="as `url`"):
        await fetch.use(input)
    assert fetch.ask(input, "en") == (
        "The model wants to fetch a page, but gives no address that there can be."
    )


async def test_a_person_is_asked_with_the_host_and_the_whole_address(parser: ParserPool) -> None:
    fetch = tool(parser)
    input = {"url": "https://раураl.example/pay?to=ü\u202e#x"}

    assert fetch.needs_approval
    assert fetch.ask(input, "en") == (
        "The model wants to fetch a page from xn--l-7sba6dbr.example: "
        "https://xn--l-7sba6dbr.example/pay?to=%C3%BC%E2%80%AE"
    )
    assert fetch.ask({"url": "http://2130706433/"}, "zh") == (
        "模型想从 127.0.0.1 获取一个网页：http://127.0.0.1/"
    )
    assert fetch.ask({"url": "x"}, "zh") == "模型想获取一个网页，但没有给出有效的地址。"


async def test_a_model_is_told_of_the_tool_in_json(parser: ParserPool) -> None:
    spec = tool(parser).spec

    assert spec.name == "fetch_page"
    assert json.loads(json.dumps(spec.schema))["required"] == ["url"]
