"""Asks plain questions about two real manuals and prints the answers.

    python -m bench.plain_questions --documents DIR [--url URL --key KEY] [--until words]

``DIR`` holds the files that the questions name: ``debmake-doc.en.pdf`` and
``debian-reference.zh-cn.pdf`` of Debian's packages debmake-doc and debian-reference-zh-cn.
Without a URL a server of its own is started, in a folder that is forgotten afterwards. An answer
counts when it has what it must contain; the right page, when a source that it cites is on it.
"""

import argparse
import asyncio
import re
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec

from bench import saved
from bench.server import serve

EVALS = Path(__file__).parents[1] / "tests" / "evals"
RESULTS = Path(__file__).parent / "results" / "plain_questions.json"
PATIENCE_S = 1800.0


class Asked(msgspec.Struct, frozen=True):
    id: str
    language: str
    document: str
    question: str
    pages: tuple[int, ...]
    contains: tuple[tuple[str, ...], ...]


class Answered(msgspec.Struct, frozen=True):
    id: str
    question: str
    right: bool
    page_cited: bool
    first_token_ms: int
    answer: str


class _Source(msgspec.Struct):
    page: int | None = None


class _Frame(msgspec.Struct, rename="camel"):
    type: str
    content: str = ""
    msg: str = ""
    message: str = ""
    items: list[_Source] = []


class _Id(msgspec.Struct):
    id: str
    status: str = ""
    searchable: str = "none"
    reason: str | None = None


class _Uploaded(msgspec.Struct):
    documents: list[_Id]


class Client:
    """The few calls of the product's own API that this needs."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"}

    async def make_workspace(self, name: str) -> str:
        return (await self._post("/api/v1/workspaces", {"name": name}, _Id)).id

    async def upload(self, workspace: str, path: Path, until: str) -> None:
        form = aiohttp.FormData()
        content = await asyncio.to_thread(path.read_bytes)
        form.add_field("file", content, filename=path.name)
        url = f"{self._url}/api/v1/workspaces/{workspace}/documents"
        async with self._session.post(url, data=form, headers=self._headers) as response:
            response.raise_for_status()
            uploaded = msgspec.json.decode(await response.read(), type=_Uploaded)
        document = uploaded.documents[0].id
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if await self._is_there(document, until):
                    return
                await asyncio.sleep(0.5)

    async def ask(self, workspace: str, question: str) -> tuple[str, list[_Source], int]:
        """Return the answer, its sources and the milliseconds to its first token."""
        conversation = await self._post("/api/v1/conversations", {"workspaceId": workspace}, _Id)
        frame = {"type": "chat_message", "content": question, "sessionId": conversation.id}
        url = f"{self._url}/api/v1/chat/stream"
        said: list[str] = []
        sources: list[_Source] = []
        began, first = time.monotonic(), 0.0
        async with self._session.ws_connect(url, headers=self._headers) as socket_:
            await socket_.send_str(msgspec.json.encode(frame).decode())
            async for message in socket_:
                event = msgspec.json.decode(str(message.data), type=_Frame)
                if event.type == "token":
                    first = first or time.monotonic() - began
                    said.append(event.content)
                elif event.type == "sources":
                    sources = event.items
                elif event.type == "error":
                    said.append(event.message)
                elif event.type == "done":
                    break
        return "".join(said), sources, int(first * 1000)

    async def _is_there(self, document: str, until: str) -> bool:
        url = f"{self._url}/api/v1/documents/{document}"
        async with self._session.get(url, headers=self._headers) as response:
            state = msgspec.json.decode(await response.read(), type=_Id)
        if state.status == "failed":
            raise RuntimeError(state.reason or "the document failed")
        return state.searchable == "meaning" or state.searchable == until

    async def _post(self, path: str, body: dict[str, str], type: type[_Id]) -> _Id:
        async with self._session.post(
            self._url + path, json=body, headers=self._headers
        ) as response:
            response.raise_for_status()
            return msgspec.json.decode(await response.read(), type=type)


@asynccontextmanager
async def own_server() -> AsyncGenerator[tuple[str, str]]:
    """Serve from a fresh folder; give the address and a key."""
    with tempfile.TemporaryDirectory() as folder:
        async with serve(Path(folder), {}) as server:
            yield server.url, server.key


def judge(asked: Asked, answer: str, sources: list[_Source], first_ms: int) -> Answered:
    flat = " ".join(answer.split())
    cited = {int(n) for n in re.findall(r"(?<!\\)\[(\d+)\]", answer)}
    pages = {source.page for n, source in enumerate(sources, 1) if n in cited}
    near = {page + more for page in asked.pages for more in (-1, 0)}
    return Answered(
        id=asked.id,
        question=asked.question,
        right=all(any(word in flat for word in words) for words in asked.contains),
        # A passage is on the page that it begins on, and may run over to the next.
        page_cited=bool(pages & near),
        first_token_ms=first_ms,
        answer=answer,
    )


async def run(options: argparse.Namespace, url: str, key: str) -> list[Answered]:
    questions = msgspec.json.decode((EVALS / f"{options.set}.json").read_bytes(), type=list[Asked])
    answered: list[Answered] = []
    async with aiohttp.ClientSession() as session:
        client = Client(session, url, key)
        for document in dict.fromkeys(asked.document for asked in questions):
            workspace = await client.make_workspace(document)
            await client.upload(workspace, options.documents / document, options.until)
            for asked in (q for q in questions if q.document == document):
                answer, sources, first_ms = await client.ask(workspace, asked.question)
                answered.append(judge(asked, answer, sources, first_ms))
                show(answered[-1])
    return answered


def show(one: Answered) -> None:
    mark = "right" if one.right else "WRONG"
    page = "page cited" if one.page_cited else "page not cited"
    print(f"\n{one.id} {one.question}\n[{mark}, {page}, {one.first_token_ms} ms]\n{one.answer}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--set", default="plain_questions")
    parser.add_argument("--until", choices=["words", "meaning"], default="meaning")
    parser.add_argument("--url")
    parser.add_argument("--key", default="")
    parser.add_argument("--save", action="store_true", help=f"keep it in {RESULTS.name}")
    options = parser.parse_args()
    if options.url:
        answered = await run(options, options.url, options.key)
    else:
        async with own_server() as (url, key):
            answered = await run(options, url, key)
    right = sum(one.right for one in answered)
    paged = sum(one.page_cited for one in answered)
    print(f"\n{right} of {len(answered)} right, {paged} with the right page cited")
    if options.save:
        saved.write(RESULTS, msgspec.to_builtins(answered))


if __name__ == "__main__":
    asyncio.run(main())
