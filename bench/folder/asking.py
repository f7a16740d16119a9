"""Somebody who asks about the documents that are ready, one question after another."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import msgspec

from bench.folder.expected import Expected
from groundwire_client import Groundwire
from groundwire_client.errors import GroundwireError

PAUSE_S = 0.5
# However often the server is killed, an answer is there by then.
ANSWER_S = 90.0
LOST = (OSError, aiohttp.ClientError, TimeoutError)


class State(msgspec.Struct):
    id: str
    title: str = ""
    status: str = ""
    searchable: str = "none"
    chunks: int = 0
    embedded: int = 0
    reason: str | None = None
    reason_code: str | None = msgspec.field(name="reasonCode", default=None)


@dataclass(slots=True)
class Answers:
    """``outcomes`` are counted by name; ``broken`` says which answers broke a promise, and how."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    broken: list[str] = field(default_factory=list[str])
    taken_s: list[float] = field(default_factory=list[float])


@dataclass(slots=True)
class Asker:
    """``documents`` are those that were accepted, by their ids, with their names."""

    groundwire: Groundwire
    http: aiohttp.ClientSession
    workspace: str
    documents: Mapping[str, str]
    expected: Mapping[str, Expected]
    answers: Answers
    chance: random.Random

    async def go_on(self) -> None:
        """Ask for ever."""
        while True:
            # It may be that the server is being started again.
            with suppress(*LOST):
                await self._ask_about_one()
            await asyncio.sleep(PAUSE_S)

    async def _ask_about_one(self) -> None:
        if not self.documents:
            return
        about = self.chance.choice(list(self.documents))
        question = self.expected[self.documents[about]].question
        if question and (await self._state(about)).status == "ready":
            await self._ask(about, question)

    async def _ask(self, about: str, question: str) -> None:
        began = time.monotonic()
        outcomes = self.answers.outcomes
        outcomes["asked"] += 1
        try:
            async with asyncio.timeout(ANSWER_S):
                cited = await self._cited(question)
        except (GroundwireError, TimeoutError) as error:
            code = error.code if isinstance(error, GroundwireError) else "timeout"
            outcomes[f"failed: {code}"] += 1
            self.answers.broken.append(f"{question!r} was not answered: {error!r}")
            return
        self.answers.taken_s.append(time.monotonic() - began)
        outcomes["answered"] += 1
        outcomes["from the document"] += about in cited
        outcomes["without a source"] += not cited
        await self._check(question, cited)

    async def _cited(self, question: str) -> set[str]:
        """Return the documents that the answer has passages of."""
        while True:
            try:
                conversation = await self.groundwire.create_conversation(self.workspace)
                answer = await conversation.ask(question)
                await answer.done()
            except GroundwireError as error:
                if not error.retryable:
                    raise
                self.answers.outcomes["asked again"] += 1
                await asyncio.sleep(PAUSE_S)
            else:
                return {source.document_id for source in answer.sources}

    async def _check(self, question: str, cited: set[str]) -> None:
        """An answer rests on what can be found, and is good."""
        for id in cited:
            state = await self._state(id)
            if state.searchable == "none" or self.expected[state.title].codes:
                self.answers.broken.append(f"{question!r} was answered from {state}")

    async def _state(self, id: str) -> State:
        async with self.http.get(f"/api/v1/documents/{id}") as response:
            response.raise_for_status()
            return msgspec.json.decode(await response.read(), type=State)
