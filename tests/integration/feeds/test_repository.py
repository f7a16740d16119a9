"""A Git repository as a feed: what of it is taken, and where it may be."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dulwich import porcelain

from groundwire.adapters.connectors.folders import Folders
from groundwire.adapters.connectors.repository import RepositoryConnector
from groundwire.adapters.network.web import Limits, Web
from groundwire.model.errors import FeedFailed
from groundwire.model.feeds import FeedOptions
from groundwire.ports.connector import Connector
from tests.support.places import RepositoryPlace, feed_at, serving_git, visit
from tests.support.site import open_site


@pytest.fixture
def place(tmp_path: Path) -> Iterator[RepositoryPlace]:
    with serving_git(tmp_path / "repository") as url:
        host = url.removeprefix("http://").partition("/")[0]
        place = RepositoryPlace(tmp_path, url, host)
        with place.repo:
            yield place


def add(place: RepositoryPlace, **files: bytes) -> None:
    for name, content in files.items():
        path = place.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        porcelain.add(place.repo, [str(path)])
    place.commit()


async def failure(connector: Connector, url: str, **options: object) -> FeedFailed:
    with pytest.raises(FeedFailed) as raised:
        await visit(connector, feed_at("repository", url, **options))
    return raised.value


async def test_texts_are_taken_and_the_rest_is_left(place: RepositoryPlace) -> None:
    add(place, **{
        "README.md": b"# Docs", "src/main.py": b"print()", ".github/ci.yml": b"on: push",
        "vendor/lib.c": b"int x;", "logo.png": b"\x89PNG", "tool.exe": b"MZ",
        "big.bin.md": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    })  # fmt: skip
    (place.root / "link.md").symlink_to("/etc/passwd")
    porcelain.add(place.repo, [str(place.root / "link.md")])
    place.commit()

    some = feed_at("repository", place.feed.address, exclude=("big*",))

    assert set((await visit(place.connector, some)).marks) == {"README.md", "src/main.py"}
    with pytest.raises(FeedFailed, match="LFS"):
        await visit(place.connector, place.feed)


async def test_a_branch_that_stays_where_it_is_is_not_fetched_again(
    place: RepositoryPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(place, **{"a.md": b"One.", "b.md": b"Two."})
    first = await visit(place.connector, place.feed)
    asked: list[str] = []
    ask = Web.ask

    async def noted(self: Web, url: object, **more: object) -> object:
        asked.append(str(url))
        return await ask(self, url, **more)  # pyright: ignore

    monkeypatch.setattr(Web, "ask", noted)
    again = await visit(place.connector, place.feed, first.marks)
    unmoved = len(asked)
    add(place, **{"c.md": b"Three."})
    moved = await visit(place.connector, place.feed, first.marks)

    assert (again.marks, again.texts) == (first.marks, {})
    assert set(moved.texts) == {"c.md"}
    assert 0 < unmoved < len(asked) - unmoved


async def test_another_branch_may_be_named(place: RepositoryPlace) -> None:
    add(place, **{"a.md": b"Main."})
    porcelain.branch_create(place.repo, "drafts")
    add(place, **{"b.md": b"Later."})

    url = place.feed.address
    drafts = await visit(place.connector, feed_at("repository", url, branch="drafts"))

    assert set(drafts.texts) == {"a.md"}
    missing = await failure(place.connector, url, branch="none")
    assert missing.reason == "not_found"


async def test_objects_may_be_named_by_another_hash(tmp_path: Path) -> None:
    with serving_git(tmp_path / "repository") as url:
        host = url.removeprefix("http://").partition("/")[0]
        place = RepositoryPlace(tmp_path, url, host, format="sha256")
        with place.repo:
            add(place, **{"docs/a.md": b"One."})

            assert (await visit(place.connector, place.feed)).texts == {"docs/a.md": b"One."}


async def test_a_repository_in_a_private_network_is_not_asked(place: RepositoryPlace) -> None:
    shut = RepositoryConnector(Folders([]), Web())

    assert (await failure(shut, place.feed.address)).reason == "not_allowed"
    async with open_site() as site:
        led = RepositoryConnector(Folders([]), Web(allowed=(site.place,)))
        site.lead_on("/docs.git/info/refs", "http://169.254.169.254/docs.git/info/refs")
        assert (await failure(led, f"{site.url}/docs.git")).reason == "not_allowed"


async def test_what_is_no_repository_says_so(tmp_path: Path) -> None:
    async with open_site() as site:
        connector = RepositoryConnector(Folders([tmp_path]), Web(allowed=(site.place,)))
        assert (await failure(connector, f"{site.url}/nothing")).reason == "not_found"
        site.show("/page/info/refs", "<html>Not Git.", "text/html")
        assert (await failure(connector, f"{site.url}/page")).reason == "unknown_type"
        nonsense = "application/x-git-upload-pack-advertisement"
        site.show("/odd/info/refs", b"this is no packet", nonsense)
        odd = await failure(connector, f"{site.url}/odd")
        assert (odd.reason, odd.passes) == ("unreachable", True)
    assert (await failure(connector, str(tmp_path))).reason == "not_found"


async def test_a_repository_that_is_too_large_is_left(place: RepositoryPlace) -> None:
    add(place, **{"a.md": bytes(range(256)) * 400})
    host = place.feed.address.removeprefix("http://").partition("/")[0]
    small = RepositoryConnector(Folders([]), Web(allowed=(host,), limits=Limits(page_bytes=1_000)))

    assert (await failure(small, place.feed.address)).reason == "too_large"


async def test_a_folder_that_points_to_a_repository_elsewhere_is_not_read(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "allowed" / "inside"
    porcelain.init(str(outside)).close()
    inside.mkdir(parents=True)
    (inside / ".git").write_text(f"gitdir: {outside / '.git'}\n")
    connector = RepositoryConnector(Folders([tmp_path / "allowed"]), Web())

    assert connector.check(str(inside), FeedOptions()) == str(inside)
    assert (await failure(connector, str(inside))).reason == "not_allowed"
