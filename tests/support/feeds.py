"""A server with feeds, and what a test asks of it over HTTP."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.server import Served, serve
from tests.support.site import Site, open_site


@dataclass(slots=True)
class Fed:
    """``folder`` may be read by feeds, and ``site``, which is on loopback, too."""

    served: Served
    browser: httpx.AsyncClient
    folder: Path
    site: Site

    async def new_workspace(self) -> str:
        answer = await self.browser.post("/api/v1/workspaces", json={"name": "feeds"})
        return answer.json()["id"]

    async def add(self, workspace: str, kind: str, address: str, **more: Any) -> Any:
        """Add a feed that is synced by hand, and return it once its first sync has ended."""
        body = {"kind": kind, "address": address, "intervalS": 0} | more
        answer = await self.browser.post(f"/api/v1/workspaces/{workspace}/feeds", json=body)
        assert answer.status_code == 201, answer.text
        return await self.synced(answer.json()["id"])

    async def sync(self, id: str) -> Any:
        """Sync the feed, and return it once that has ended."""
        before = (await self.get(id))["batchId"]
        answer = await self.browser.post(f"/api/v1/feeds/{id}/sync")
        assert answer.status_code == 202, answer.text
        return await self.until(id, lambda feed: ended(feed) and feed["batchId"] != before)

    async def synced(self, id: str) -> Any:
        return await self.until(id, ended)

    async def get(self, id: str) -> Any:
        return (await self.browser.get(f"/api/v1/feeds/{id}")).json()

    async def until(self, id: str, wanted: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(30):
            while not wanted(feed := await self.get(id)):  # noqa: ASYNC110 (a feed tells nobody)
                await asyncio.sleep(0.02)
        return feed

    async def until_forgotten(self) -> None:
        """Wait until nothing is left to be done with feeds that were removed."""
        feeds = self.served.groundwire.assistant.library.intake.sync.feeds
        async with asyncio.timeout(30):
            while await feeds.list_unfinished():  # noqa: ASYNC110 (it is told before)
                await asyncio.sleep(0.02)

    async def documents(self, workspace: str) -> dict[str, Any]:
        """Return the workspace's documents by where they are from, once all are finished."""
        path = f"/api/v1/workspaces/{workspace}"
        cursor = "0"
        async with asyncio.timeout(30):
            while True:
                found = (await self.browser.get(f"{path}/documents")).json()["documents"]
                if all(each["status"] in ("ready", "failed") for each in found):
                    return {each["uri"] or each["title"]: each for each in found}
                page = await self.browser.get(f"{path}/poll", params={"cursor": cursor, "wait": 5})
                cursor = page.json()["cursor"]

    async def until_documents(self, workspace: str, wanted: set[str]) -> None:
        """Wait until these are the documents; the log of the workspace tells when to look."""
        cursor = "0"
        async with asyncio.timeout(30):
            while set(await self.documents(workspace)) != wanted:
                page = await self.browser.get(
                    f"/api/v1/workspaces/{workspace}/poll", params={"cursor": cursor, "wait": 5}
                )
                cursor = page.json()["cursor"]

    async def passages(self, workspace: str, query: str) -> list[str]:
        answer = await self.browser.post(
            f"/api/v1/workspaces/{workspace}/search", json={"query": query}
        )
        return [each["text"] for each in answer.json()["passages"]]


def ended(feed: Any) -> bool:
    return feed["status"] == "failed" or (feed["status"] == "idle" and bool(feed["syncedAt"]))


def counts(feed: Any) -> tuple[int, ...]:
    """Return what was added, changed, removed, unchanged and refused."""
    names = ("added", "changed", "removed", "unchanged", "refused")
    return tuple(feed["counts"][name] for name in names)


@asynccontextmanager
async def open_fed(data: Path) -> AsyncGenerator[Fed]:
    folder = data / "shared"
    folder.mkdir()
    async with (
        open_site() as site,
        serve(data / "data", folders=(folder,), fetch_allowed=(site.place,)) as served,
        served.browse() as browser,
    ):
        yield Fed(served, browser, folder, site)
