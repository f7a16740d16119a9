"""A repository that was made to do harm harms only the child that reads it, and says why."""

import asyncio
import os
import signal
import sys
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from groundwire.adapters.connectors.folders import Folders
from groundwire.adapters.connectors.git_process import Limits
from groundwire.adapters.connectors.repository import RepositoryConnector
from groundwire.adapters.network.web import Limits as WebLimits
from groundwire.adapters.network.web import Web
from groundwire.model.errors import FeedFailed
from groundwire.model.feeds import Feed
from groundwire.ports.connector import Found, Item
from tests.support.feeds import Fed
from tests.support.packs import (
    BLOB,
    COMMIT,
    MIB,
    OFS_DELTA,
    REF_DELTA,
    TREE,
    commit_of,
    copies,
    delta,
    entry,
    line,
    oid,
    pack,
    show_pack,
    signed,
    tree_of,
    zeros,
)
from tests.support.places import RepositoryPlace, feed_at, read, visit
from tests.support.process import children_of
from tests.support.site import Site, open_site

ROOM = 256 * MIB
BASE = bytes(1 << 16)
TEXT = b"Text."
TREE_OF_TEXT = tree_of((b"100644", b"a.md", oid(BLOB, TEXT)))
WHOLE = commit_of(oid(TREE, TREE_OF_TEXT))
GOOD = pack(entry(COMMIT, WHOLE), entry(TREE, TREE_OF_TEXT), entry(BLOB, TEXT))
# All of it fits, and is 16 GiB.
MUCH = pack(*[entry(BLOB, bytes(16 * MIB))] * 1_000)


def delta_bomb(times: int) -> bytes:
    steps = delta(len(BASE), times * len(BASE), copies(times))
    return pack(entry(BLOB, BASE), entry(REF_DELTA, steps, base=oid(BLOB, BASE)))


def claim(result: int) -> bytes:
    return entry(REF_DELTA, delta(len(BASE), result, copies(1)), base=oid(BLOB, BASE))


def loop() -> bytes:
    """Return an object that is made of itself."""
    return pack(entry(REF_DELTA, delta(5, 5, b"\x90\x05"), base=oid(BLOB, TEXT)))


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as site:
        yield site


def connector(site: Site, **limits: float) -> RepositoryConnector:
    room = Limits(**({"memory_bytes": ROOM} | limits))  # pyright: ignore[reportArgumentType]
    web = Web(allowed=(site.place,), limits=WebLimits(page_bytes=64 * MIB))
    return RepositoryConnector(Folders([]), web, room)


async def failure(connector: RepositoryConnector, feed: Feed) -> FeedFailed:
    others = children_of(os.getpid())
    with pytest.raises(FeedFailed) as raised:
        await visit(connector, feed)
    assert children_of(os.getpid()) == others
    return raised.value


async def test_a_pack_is_read(site: Site) -> None:
    url = show_pack(site, GOOD, oid(COMMIT, WHOLE))

    assert (await visit(connector(site), feed_at("repository", url))).texts == {"a.md": TEXT}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(delta_bomb(3_000), "too_large", id="a delta of 200 MB"),
        pytest.param(delta_bomb(1_000_000), "too_large", id="a delta of 65 GB"),
        pytest.param(pack(zeros(BLOB, 2_000)), "too_large", id="zeros"),
        pytest.param(pack(entry(BLOB, BASE), claim(1 << 46)), "too_large", id="a vast result"),
        pytest.param(pack(entry(BLOB, BASE), claim(4)), "broken", id="a small result"),
        pytest.param(pack(entry(BLOB, TEXT, size=1 << 60)), "broken", id="a vast size"),
        pytest.param(pack(entry(BLOB, BASE, size=5)), "broken", id="a small size"),
        pytest.param(pack(entry(BLOB, TEXT), count=1 << 31), "broken", id="a vast number"),
        pytest.param(loop(), "broken", id="made of itself"),
        pytest.param(pack(entry(OFS_DELTA, b"", base=b"\0")), "broken", id="at itself"),
        pytest.param(pack(entry(OFS_DELTA, b"", base=b"\x7f")), "broken", id="before the pack"),
        pytest.param(GOOD[:-40], "broken", id="cut"),
        pytest.param(signed(GOOD[:-40]), "broken", id="cut and signed"),
        pytest.param(GOOD[:-1] + b"x", "broken", id="wrongly signed"),
        pytest.param(pack(entry(BLOB, TEXT)), "broken", id="without the commit"),
        pytest.param(b"This is no pack.", "broken", id="no pack"),
        pytest.param(b"", "broken", id="nothing"),
    ],
)
async def test_a_pack_that_cannot_be_read_says_why(site: Site, content: bytes, reason: str) -> None:
    feed = feed_at("repository", show_pack(site, content))

    failed = await failure(connector(site), feed)

    assert (failed.reason, failed.passes) == (reason, False)


async def test_folders_without_end_are_too_many(site: Site) -> None:
    trees, inner = list[bytes](), b""
    for _ in range(12):
        trees.append(inner)
        inner = tree_of(*((b"40000", b"%d" % n, oid(TREE, inner)) for n in range(10)))
    commit = commit_of(oid(TREE, inner))
    content = pack(entry(COMMIT, commit), *(entry(TREE, tree) for tree in [*trees, inner]))
    feed = feed_at("repository", show_pack(site, content, oid(COMMIT, commit)))

    failed = await failure(connector(site), feed)

    assert failed.reason == "too_large"
    assert "folders" in failed.message


async def test_names_that_read_the_same_are_one_file(site: Site) -> None:
    one, other = (b"100644", b"\xfe.md", oid(BLOB, TEXT)), (b"100644", b"\xff.md", oid(BLOB, BASE))
    tree = tree_of(one, other)
    commit = commit_of(oid(TREE, tree))
    objects = [(COMMIT, commit), (TREE, tree), (BLOB, TEXT), (BLOB, BASE)]
    content = pack(*(entry(kind, content) for kind, content in objects))
    url = show_pack(site, content, oid(COMMIT, commit))

    assert (await visit(connector(site), feed_at("repository", url))).texts == {"\ufffd.md": TEXT}


async def test_more_files_than_can_be_told_are_too_many(site: Site) -> None:
    feed = feed_at("repository", show_pack(site, GOOD, oid(COMMIT, WHOLE)))

    assert (await failure(connector(site, reply_bytes=40), feed)).reason == "too_large"


async def test_what_takes_too_long_is_ended(site: Site) -> None:
    feed = feed_at("repository", show_pack(site, MUCH))

    assert (await failure(connector(site, wall_s=0.3), feed)).reason == "timed_out"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit there")
async def test_what_takes_too_much_of_a_processor_is_ended(site: Site) -> None:
    feed = feed_at("repository", show_pack(site, MUCH))

    assert (await failure(connector(site, cpu_s=1), feed)).reason == "timed_out"


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        (line(b"shallow %s\n" % (b"0" * 40)) * 30_000, "too_large"),
        (b"00ff", "unreachable"),
        (b"zzzz", "unreachable"),
    ],
)
async def test_what_is_said_beside_the_pack_is_bounded(
    site: Site, beside: bytes, reason: str
) -> None:
    feed = feed_at("repository", show_pack(site, GOOD, oid(COMMIT, WHOLE), beside))

    assert (await failure(connector(site), feed)).reason == reason


async def test_more_names_than_can_be_held_are_not_read(site: Site) -> None:
    url = show_pack(site, GOOD, oid(COMMIT, WHOLE))
    shown = site.shows["/docs.git/info/refs"]
    assert isinstance(shown.body, bytes)
    name = line(b"%s refs/heads/%s\n" % (b"1" * 40, b"x" * 1_000))
    site.show("/docs.git/info/refs", shown.body[:-4] + name * 9_000, shown.content_type)

    assert (await failure(connector(site), feed_at("repository", url))).reason == "too_large"


async def test_a_server_that_leads_to_packs_elsewhere_is_not_followed(site: Site) -> None:
    kind = "application/x-git-upload-pack"
    says = [b"version 2\n", b"ls-refs\n", b"fetch=shallow\n"]
    service = line(b"# service=git-upload-pack\n") + b"0000"
    advertised = service + b"".join(map(line, says)) + b"0000"
    site.show("/docs.git/info/refs", advertised, f"{kind}-advertisement")
    named = line(oid(COMMIT, WHOLE).hex().encode() + b" HEAD\n") + b"0000"
    elsewhere = line(b"%s/pack sha1 %s\n" % (site.url.encode(), b"0" * 40))
    leads_on = b"".join([line(b"packfile-uris\n"), elsewhere, line(b"packfile\n"), b"0000"])
    path = "/docs.git/git-upload-pack"
    for content in (named, named, leads_on):
        site.show(path, content, f"{kind}-result")
        site.turns.setdefault(path, []).append(site.shows[path])

    failed = await failure(connector(site), feed_at("repository", f"{site.url}/docs.git"))

    assert failed.reason == "unreachable"
    assert not site.turns[path]
    assert "/pack" not in site.asked


# -- The child ----------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Iterator[RepositoryPlace]:
    place = RepositoryPlace(tmp_path)
    with place.repo:
        yield place


@asynccontextmanager
async def visiting(
    place: RepositoryPlace,
) -> AsyncGenerator[tuple[AsyncGenerator[Found, None], Item, int]]:
    """Yield a visit that has come to its first file, that file, and the process that reads."""
    others = children_of(os.getpid())
    async with aclosing(place.connector.visit(place.feed, {})) as found:
        first = await anext(found)
        assert isinstance(first, Item)
        (child,) = children_of(os.getpid()) - others
        yield found, first, child


async def test_a_child_that_dies_ends_the_visit(place: RepositoryPlace) -> None:
    place.put(a="One.", b="Two.")
    async with visiting(place) as (found, first, child):
        os.kill(child, signal.SIGSEGV)
        with pytest.raises(FeedFailed) as of_the_file:
            await read(first)
        with pytest.raises(FeedFailed) as of_the_place:
            await anext(found)

    assert (of_the_file.value.reason, of_the_place.value.reason) == ("broken", "broken")


async def test_a_reading_that_is_given_up_ends_the_child(place: RepositoryPlace) -> None:
    place.put(a="One.")
    async with visiting(place) as (_, first, child):
        os.kill(child, signal.SIGSTOP)
        reading = asyncio.create_task(read(first))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert child not in children_of(os.getpid())


def limits_of(process: int) -> dict[str, list[str]]:
    rows = Path(f"/proc/{process}/limits").read_text().splitlines()[1:]
    return {row[:25].strip(): row[25:].split()[:2] for row in rows}


def environment_of(process: int) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes().strip(b"\0")


def network_of(process: int) -> Path:
    return Path(f"/proc/{process}/ns/net").readlink()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel says it there")
async def test_the_child_is_confined(place: RepositoryPlace) -> None:
    place.put(a="One.")
    others = children_of(os.getpid())

    async with aclosing(place.connector.visit(place.feed, {})) as found:
        await anext(found)
        (child,) = children_of(os.getpid()) - others
        limits, environment = limits_of(child), environment_of(child)
        network, ours = network_of(child), network_of(os.getpid())

    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    assert int(limits["Max address space"][1]) < 2 << 30
    assert int(limits["Max cpu time"][0]) <= 601
    assert environment == b"LANG=C.UTF-8"
    assert network != ours


async def test_a_damaged_file_is_refused_and_the_others_are_read(place: RepositoryPlace) -> None:
    place.put(a="One.", b="Two.")
    for path in (place.root / ".git/objects").glob("??/*"):
        if b"Two." in zlib.decompress(path.read_bytes()):
            path.chmod(0o600)
            path.write_bytes(b"damaged")

    texts: dict[str, object] = {}
    async with aclosing(place.connector.visit(place.feed, {})) as found:
        async for each in found:
            if isinstance(each, Item):
                try:
                    texts[each.uri] = await read(each)
                except FeedFailed as error:
                    texts[each.uri] = error.reason

    assert texts == {"a.txt": b"One.", "b.txt": "broken"}


@pytest.mark.asyncio(loop_scope="module")
async def test_a_server_lives_on(fed: Fed) -> None:
    workspace = await fed.new_workspace()
    url = show_pack(fed.site, delta_bomb(1_000_000))

    feed = await fed.add(workspace, "repository", url)
    show_pack(fed.site, GOOD, oid(COMMIT, WHOLE))
    again = await fed.sync(feed["id"])

    assert (feed["status"], feed["reasonCode"]) == ("failed", "too_large")
    assert (again["status"], again["counts"]["added"]) == ("idle", 1)
