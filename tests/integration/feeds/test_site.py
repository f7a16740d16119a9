"""A site as a feed: where one may go, what is asked for again, and what a bad site may not do."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from groundwire.adapters.connectors.crawl import AT_ONCE
from groundwire.adapters.connectors.site import SiteConnector
from groundwire.adapters.network.web import Limits, Web
from groundwire.model.errors import FeedFailed
from tests.support.fetching import names_in
from tests.support.places import Visited, etag, feed_at, visit
from tests.support.site import Site, open_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as site:
        site.shows.clear()
        yield site


def connector(site: Site, **more: Any) -> SiteConnector:
    limits = Limits(page_bytes=100_000, **more)
    return SiteConnector(Web(allowed=(site.place,), limits=limits), delay_s=0.0)


async def crawl(site: Site, marks: dict[str, str] | None = None, **options: Any) -> Visited:
    feed = feed_at("site", f"{site.url}/", **options)
    return await visit(connector(site), feed, marks)


async def failure(site: Site, address: str | None = None) -> FeedFailed:
    with pytest.raises(FeedFailed) as raised:
        await visit(connector(site), feed_at("site", address or f"{site.url}/"))
    return raised.value


def page(site: Site, path: str, *links: str, text: str = "") -> None:
    body = f"<title>{path}</title><p>{text}" + "".join(f'<a href="{link}">x</a>' for link in links)
    site.show(path, body, headers=etag(body))


def paths(site: Site, found: Visited) -> list[str]:
    return [uri.removeprefix(site.url) for uri in found.marks]


async def test_links_are_followed_as_far_as_one_wants(site: Site) -> None:
    page(site, "/", "/a", "#here", "mailto:x@example.org")
    page(site, "/a", "/b", "/")
    page(site, "/b", "/c")
    page(site, "/c")

    assert paths(site, await crawl(site, depth=0)) == ["/"]
    assert paths(site, await crawl(site, depth=2)) == ["/", "/a", "/b"]
    assert paths(site, await crawl(site, depth=9, pages=2)) == ["/", "/a"]


async def test_a_slow_page_keeps_no_others_waiting_and_they_come_in_order(site: Site) -> None:
    page(site, "/", *(f"/{number}" for number in range(9)))
    for number in range(9):
        page(site, f"/{number}")
    site.holds["/0"] = asyncio.Event()
    task = asyncio.ensure_future(crawl(site))
    async with asyncio.timeout(10):
        while "/3" not in site.asked:  # noqa: ASYNC110 (a site tells nobody)
            await asyncio.sleep(0.01)
        site.holds["/0"].set()
        found = await task

    assert paths(site, found) == ["/", *(f"/{number}" for number in range(9))]
    assert 1 < site.most_at_once <= AT_ONCE


async def test_a_site_that_wishes_time_is_asked_for_one_page_at_a_time(site: Site) -> None:
    site.show("/robots.txt", "User-agent: *\nCrawl-delay: 0.05", "text/plain")
    page(site, "/", *(f"/{number}" for number in range(5)))
    for number in range(5):
        page(site, f"/{number}")
    began = asyncio.get_running_loop().time()

    found = await crawl(site)

    assert len(found.marks) == 6
    assert site.most_at_once == 1
    assert asyncio.get_running_loop().time() - began >= 5 * 0.05


async def test_an_unchanged_site_costs_conditional_requests_only(site: Site) -> None:
    page(site, "/", "/a", "/paper.pdf")
    page(site, "/a", "/b")
    page(site, "/b")
    site.show("/paper.pdf", b"%PDF-1.7 ...", "application/pdf", etag("paper"))
    first = await crawl(site)
    assert len(first.texts) == 4
    site.asked.clear()
    site.heads.clear()

    again = await crawl(site, first.marks)

    assert not again.texts
    assert again.marks == first.marks
    assert site.asked == ["/robots.txt", "/", "/a", "/paper.pdf", "/b"]
    assert ["If-None-Match" in head for head in site.heads] == [False, True, True, True, True]


async def test_a_page_without_validators_is_unchanged_if_its_bytes_are(site: Site) -> None:
    site.show("/", "<p>The same.")
    first = await crawl(site)
    assert not (await crawl(site, first.marks)).texts
    site.show("/", "<p>Another.")
    assert len((await crawl(site, first.marks)).texts) == 1


async def test_robots_are_told_what_to_leave_alone(site: Site) -> None:
    site.show("/robots.txt", "User-agent: *\nDisallow: /private\n", "text/plain")
    page(site, "/", "/private/a", "/open", "/hidden")
    page(site, "/open")
    page(site, "/private/a")
    site.show("/hidden", '<meta name="robots" content="noindex"><a href="/below">x</a>')
    page(site, "/below")

    found = await crawl(site)

    assert paths(site, found) == ["/", "/open", "/below"]
    assert {each.code for each in found.missed.values()} == {"not_allowed"}
    assert {url.removeprefix(site.url) for url in found.missed} == {"/private/a", "/hidden"}
    assert "/private/a" not in site.asked
    site.show("/robots.txt", "User-agent: groundwire\nDisallow: /\n", "text/plain")
    assert (await failure(site)).reason == "not_allowed"
    site.show("/robots.txt", "", status=503)
    refused = await failure(site)
    assert (refused.reason, refused.passes) == ("unreachable", True)


async def test_the_page_that_was_named_is_taken_though_it_is_not_for_robots(site: Site) -> None:
    site.show("/", '<meta name="robots" content="noindex"><p>Ours.')

    found = await crawl(site)

    assert paths(site, found) == ["/"]
    assert not found.missed


async def test_one_goes_to_no_other_host(site: Site) -> None:
    async with open_site() as other:
        page(other, "/page")
        page(site, "/", f"{other.url}/page", "/away")
        site.lead_on("/away", f"{other.url}/page")

        found = await crawl(site)

        assert paths(site, found) == ["/"]
        assert not other.asked


@pytest.mark.parametrize(
    "inside",
    ["http://127.0.0.1:1/", "http://169.254.169.254/meta", "http://[::1]/", "http://2130706433/"],
)
async def test_nothing_leads_into_a_network_that_is_somebodys_own(site: Site, inside: str) -> None:
    site.lead_on("/", inside)

    assert (await failure(site)).reason == "not_allowed"
    with pytest.raises(FeedFailed, match="FETCH_ALLOWED"):
        await visit(SiteConnector(Web(), delay_s=0.0), feed_at("page", inside))
    assert len(site.asked) == 2


async def test_a_name_that_changes_its_address_gains_nothing(site: Site) -> None:
    names = {"rebound.example": ["127.0.0.1"]}
    rebound = SiteConnector(Web(look_up=names_in(names)), delay_s=0.0)

    with pytest.raises(FeedFailed) as raised:
        await visit(rebound, feed_at("page", f"http://rebound.example:{site.port}/"))

    assert raised.value.reason == "not_allowed"
    assert not site.asked


async def test_redirects_are_followed_and_circles_are_left(site: Site) -> None:
    site.lead_on("/", "/home")
    page(site, "/home", "/round", "/old", "/new")
    site.lead_on("/round", "/about")
    site.lead_on("/about", "/round")
    site.lead_on("/old", "/new", 301)
    page(site, "/new")

    found = await crawl(site)

    assert paths(site, found) == ["/home", "/new"]
    site.lead_on("/", "/")
    assert (await failure(site)).reason == "not_found"


async def test_endless_links_end(site: Site) -> None:
    for number in range(60):
        page(site, f"/{number or ''}", f"/{number + 1}", f"/{number + 1}?again=1")

    found = await crawl(site, depth=10, pages=30)

    assert len(found.marks) <= 30
    assert len(site.asked) <= 3 * 30 + 6


async def test_broken_links_and_huge_pages_are_named_and_the_rest_is_taken(site: Site) -> None:
    page(site, "/", "/gone", "/huge", "/late", "/secret", "/picture", "/a")
    site.show("/huge", "x" * 200_000)
    site.show("/late", "", status=503)
    site.show("/secret", "", status=403)
    site.show("/picture", b"\x89PNG", "image/png")
    page(site, "/a")

    found = await crawl(site)

    assert paths(site, found) == ["/", "/a"]
    missed = {uri.removeprefix(site.url): each for uri, each in found.missed.items()}
    assert {path: each.code for path, each in missed.items()} == {
        "/gone": "not_found",
        "/huge": "too_large",
        "/late": "unreachable",
        "/secret": "refused",
    }
    assert [path for path, each in missed.items() if each.stays] == ["/late"]


async def test_what_cannot_be_had_just_now_stays_with_all_that_it_leads_to(site: Site) -> None:
    page(site, "/", "/a")
    page(site, "/a", "/b")
    page(site, "/b")
    first = await crawl(site)
    site.show("/a", "", status=500)

    again = await crawl(site, first.marks)

    assert paths(site, again) == ["/", "/b"]
    assert [each.stays for each in again.missed.values()] == [True]


@pytest.mark.parametrize("path", ["/drip", "/flood"])
async def test_a_page_that_never_ends_is_left(site: Site, path: str) -> None:
    quick = SiteConnector(
        Web(allowed=(site.place,), limits=Limits(wall_s=0.5, page_bytes=100_000)), delay_s=0.0
    )
    with pytest.raises(FeedFailed) as raised:
        await visit(quick, feed_at("page", site.url + path))
    assert raised.value.reason in ("unreachable", "too_large")


async def test_a_site_may_be_taken_in_part(site: Site) -> None:
    page(site, "/", "/docs/a", "/blog/b", "/docs/old/c")
    for path in ("/docs/a", "/blog/b", "/docs/old/c"):
        page(site, path)

    found = await crawl(site, include=("/docs/*",), exclude=("*/old/*",))

    assert paths(site, found) == ["/", "/docs/a"]


async def test_pages_are_called_by_their_titles(site: Site) -> None:
    site.show("/", "<title>Its lamp / 灯</title>".encode("gb2312"), "text/html; charset=gb2312")

    found = await crawl(site)

    assert list(found.names.values()) == ["Its lamp ∕ 灯.html"]
    assert "灯" in next(iter(found.texts.values())).decode()
