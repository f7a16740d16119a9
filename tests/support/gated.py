"""A model that says what it is told to, when it is told to."""

import asyncio
from collections.abc import AsyncGenerator

from groundwire.adapters.models.scripted import ScriptedModel
from groundwire.ports.chat_model import ChatRequest, Delta, Finish


class GatedModel(ScriptedModel):
    """Answers one request at a time; ``None`` among what it is to say ends the answer."""

    def __init__(self) -> None:
        super().__init__()
        self._told: asyncio.Queue[str | None] = asyncio.Queue()

    def say(self, *words: str) -> None:
        """Have the running answer go on with these."""
        for word in words:
            self._told.put_nowait(word)

    def stop(self) -> None:
        self._told.put_nowait(None)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finish]:
        self.requests.append(request)
        # What an earlier answer was still to say is not for this one.
        told = self._told = asyncio.Queue()
        while (word := await told.get()) is not None:
            yield Delta(content=word)
        yield Finish(reason="stop")
