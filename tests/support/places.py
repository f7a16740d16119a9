"""Real places that documents come from, each holding the texts that a test puts there."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dulwich import porcelain
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain

from groundwire.adapters.connectors.folder import FolderConnector
from groundwire.adapters.connectors.folders import Folders
from groundwire.adapters.connectors.repository import RepositoryConnector
from groundwire.adapters.connectors.site import SiteConnector
from groundwire.adapters.network.web import Web
from groundwire.model.feeds import Feed, FeedKind, FeedOptions
from groundwire.model.ids import FeedId, PrincipalId, WorkspaceId
from groundwire.ports.connector import Connector, Item, Missed
from tests.support.site import Site, open_site

LIMIT_BYTES = 1 << 20


def feed_at(kind: FeedKind, address: str, **options: object) -> Feed:
    return Feed(
        id=FeedId("f"),
        workspace=WorkspaceId("ws"),
        kind=kind,
        address=address,
        added_by=PrincipalId("ada"),
        created_at=datetime.now(UTC),
        options=FeedOptions(**options),  # pyright: ignore[reportArgumentType] (a test's own)
    )


class Place(Protocol):
    connector: Connector
    feed: Feed

    def put(self, **texts: str | None) -> None:
        """Let the place hold these texts by their names; ``None`` takes one away."""
        ...

    def vanish(self) -> None:
        """Let there be no such place any more."""
        ...


class Visited:
    """What a visit found: the bytes of what was new, and the marks of all."""

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}
        self.marks: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.missed: dict[str, Missed] = {}


async def visit(
    connector: Connector, feed: Feed, marks: Mapping[str, str] | None = None
) -> Visited:
    """Read what is new side by side, as late as the visit allows."""
    seen = Visited()
    unread: list[Item] = []

    async def read_all() -> None:
        for item, text in zip(
            unread, await asyncio.gather(*map(read, unread), return_exceptions=True), strict=True
        ):
            if isinstance(text, BaseException):
                raise text
            seen.texts[item.uri] = text
        unread.clear()

    async with asyncio.timeout(30), aclosing(connector.visit(feed, marks or {})) as found:
        async for each in found:
            if each is None:
                await read_all()
                continue
            if isinstance(each, Missed):
                seen.missed[each.uri] = each
                continue
            assert each.uri not in seen.marks, "each uri once"
            seen.marks[each.uri] = each.mark
            seen.names[each.uri] = each.name
            if each.open is not None:
                unread.append(each)
        await read_all()
    return seen


async def read(item: Item) -> bytes:
    assert item.open is not None
    return b"".join([part async for part in item.open()])


class FolderPlace:
    def __init__(self, root: Path) -> None:
        self.root = root / "place"
        self.root.mkdir()
        self.connector: Connector = FolderConnector(Folders([root]), limit_bytes=LIMIT_BYTES)
        self.feed = feed_at("folder", str(self.root))

    def put(self, **texts: str | None) -> None:
        for name, text in texts.items():
            path = self.root / f"{name}.txt"
            if text is None:
                path.unlink()
            else:
                path.write_text(text, "utf-8")

    def vanish(self) -> None:
        self.root.rename(self.root.with_name("elsewhere"))


class RepositoryPlace:
    """A repository on the disk; ``url`` is where it is served, if it is."""

    def __init__(
        self, root: Path, url: str | None = None, *allowed: str, format: str = "sha1"
    ) -> None:
        self.root = root / "repository"
        self.repo = porcelain.init(str(self.root), object_format=format)
        self.connector: Connector = RepositoryConnector(Folders([root]), Web(allowed=allowed))
        self.feed = feed_at("repository", url or str(self.root))

    def put(self, **texts: str | None) -> None:
        for name, text in texts.items():
            path = self.root / f"{name}.txt"
            if text is None:
                path.unlink()
                porcelain.remove(self.repo, [str(path)])
            else:
                path.write_text(text, "utf-8")
                porcelain.add(self.repo, [str(path)])
        self.commit()

    def commit(self) -> None:
        porcelain.commit(self.repo, message=b"a change", author=b"A <a@a>", committer=b"A <a@a>")

    def vanish(self) -> None:
        self.root.rename(self.root.with_name("elsewhere"))


class SitePlace:
    """A page that leads to one for each text."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.texts: dict[str, str] = {}
        web = Web(allowed=(site.place,))
        self.connector: Connector = SiteConnector(web, delay_s=0.0)
        self.feed = feed_at("site", f"{site.url}/")
        self.put()

    def put(self, **texts: str | None) -> None:
        for name, text in texts.items():
            self.texts.pop(name, None)
            self.site.shows.pop(f"/{name}.txt", None)
            if text is not None:
                self.texts[name] = text
                self.site.show(f"/{name}.txt", text, "text/plain", etag(text))
        links = "".join(f'<a href="{name}.txt">{name}</a>' for name in self.texts)
        self.site.show("/", f"<title>All</title>{links}", headers=etag(links))

    def vanish(self) -> None:
        self.site.shows.clear()


def etag(text: str) -> dict[str, str]:
    return {"ETag": f'"{hash(text):x}"'}


@asynccontextmanager
async def open_folder(root: Path) -> AsyncGenerator[Place]:
    yield FolderPlace(root)


@asynccontextmanager
async def open_repository(root: Path) -> AsyncGenerator[Place]:
    place = RepositoryPlace(root)
    with place.repo:
        yield place


@asynccontextmanager
async def open_served_repository(root: Path) -> AsyncGenerator[Place]:
    with serving_git(root / "repository") as url:
        place = RepositoryPlace(root, url, url.removeprefix("http://").partition("/")[0])
        with place.repo:
            yield place


@asynccontextmanager
async def open_pages(root: Path) -> AsyncGenerator[Place]:
    del root
    async with open_site() as site:
        yield SitePlace(site)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class _Backend(DictBackend):
    def __init__(self, path: Path) -> None:
        super().__init__({})
        self._path = path

    def open_repository(self, path: object) -> Repo:
        del path
        return Repo(str(self._path))


@contextmanager
def serving_git(path: Path) -> Generator[str]:
    """Serve the repository at ``path`` by smart HTTP, until the context is left."""
    app = make_wsgi_chain(_Backend(path))
    server: WSGIServer = make_server("127.0.0.1", 0, app, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/docs.git"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
