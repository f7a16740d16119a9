"""`Session` through the server that has the data folder, with a key of its own for as long."""

import contextlib
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from groundwire.bootstrap import ADDRESS, open_accounts
from groundwire.cli.places import RemotePlaces
from groundwire.cli.taken import Events, Taken
from groundwire.model.errors import FolderInUse, GroundwireError
from groundwire.settings import Settings

SOCKET = "/api/v1/chat/stream"
KEY_NAME = "command line"


class Refused(GroundwireError):
    """What the server answered, in its own words."""


@dataclass(frozen=True, slots=True)
class RemoteSession:
    http: aiohttp.ClientSession

    @property
    def places(self) -> RemotePlaces:
        return RemotePlaces(self._json)

    async def workspace(self, name: str | None) -> str:
        if name is None:
            return (await self._json("GET", "/api/v1/me"))["workspaceId"]
        listed = await self._json("GET", "/api/v1/workspaces")
        for workspace in listed["workspaces"]:
            if name in (workspace["name"], workspace["id"]):
                return workspace["id"]
        return (await self._json("POST", "/api/v1/workspaces", json={"name": name}))["id"]

    async def upload(self, workspace: str, path: Path) -> Taken:
        with path.open("rb") as file:
            form = aiohttp.FormData()
            form.add_field("file", file, filename=path.name)
            url = f"/api/v1/workspaces/{workspace}/documents"
            (document,) = (await self._json("POST", url, data=form))["documents"]
        return Taken(document["id"], document["searchable"])

    @contextlib.asynccontextmanager
    async def documents(self, workspace: str) -> AsyncGenerator[Events]:
        async with self.http.ws_connect(SOCKET) as socket:
            await socket.send_json({"type": "attach", "workspaceId": workspace})
            events = _events(socket)
            async for frame in events:
                if json.loads(frame)["type"] == "ready":
                    break
            yield events

    async def ask(self, workspace: str, question: str, model: str | None) -> Events:
        begun = await self._json("POST", "/api/v1/conversations", json={"workspaceId": workspace})
        asking = {"type": "chat_message", "sessionId": begun["id"], "content": question}
        async with self.http.ws_connect(SOCKET) as socket:
            await socket.send_json(asking | ({"model": model} if model else {}))
            async for frame in _events(socket):
                yield frame

    async def _json(self, method: str, url: str, **body: Any) -> Any:
        async with self.http.request(method, url, **body) as response:
            answer = await response.json(content_type=None)
            if not response.ok:
                raise Refused(answer["title"])
            return answer


@contextlib.asynccontextmanager
async def open_remote(settings: Settings) -> AsyncGenerator[RemoteSession]:
    """Raises ``FolderInUse`` if whoever has the folder does not say where it is."""
    file = settings.data / ADDRESS
    if not file.exists():
        raise FolderInUse("Another command works on this data folder. Try again when it is done.")
    address = file.read_text(encoding="utf-8")
    async with open_accounts(settings) as accounts:
        owner = await accounts.authenticator.owner()
        key = await accounts.authenticator.issue_key(owner, KEY_NAME, "owner")
        identity = await accounts.authenticator.identify(key)
        headers = {"authorization": f"Bearer {key}"}
        try:
            async with aiohttp.ClientSession(address, headers=headers) as http:
                yield RemoteSession(http)
        finally:
            await accounts.authenticator.revoke(identity.credential.id)


async def _events(socket: aiohttp.ClientWebSocketResponse) -> Events:
    """Yield the frames; an error that is no turn's is raised."""
    async for message in socket:
        frame = json.loads(message.data)
        if frame["type"] == "error" and "turnId" not in frame:
            raise Refused(frame["message"])
        yield message.data.encode()
