"""What one provider has, asked for now and then and never waited for long."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from groundwire.model.errors import GroundwireError
from groundwire.ports.chat_model import ChatModel, ModelInfo


class Provider(Protocol):
    """A place that has models."""

    @property
    def name(self) -> str: ...

    async def list_models(self) -> Sequence[ModelInfo]:
        """Return what can be asked now; raises a ``GroundwireError`` if that is unknown."""
        ...

    def model(self, info: ModelInfo) -> ChatModel: ...

    async def aclose(self) -> None: ...


class FixedModels:
    """A provider of models that are simply there."""

    def __init__(self, name: str, models: Sequence[ChatModel]) -> None:
        self.name = name
        self._models = {model.info.name: model for model in models}

    async def list_models(self) -> Sequence[ModelInfo]:
        return [model.info for model in self._models.values()]

    def model(self, info: ModelInfo) -> ChatModel:
        return self._models[info.name]

    async def aclose(self) -> None:
        """Nothing is held."""


class Shelf:
    """A provider's list, remembered.

    Young (``fresh_s``) it is served as it is. Older it is served too and asked for again
    meanwhile; after ``stale_s`` its reader waits. A provider that does not answer within
    ``limit_s`` has no models until it does.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        limit_s: float = 1.0,
        fresh_s: float = 3.0,
        stale_s: float = 60.0,
    ) -> None:
        self.provider = provider
        self.failure: GroundwireError | None = None
        """Why the list is empty, if the provider could not be asked."""
        self._limit_s = limit_s
        self._fresh_s = fresh_s
        self._stale_s = stale_s
        self._infos: Sequence[ModelInfo] = ()
        self._listed_at: float | None = None
        self._asking: asyncio.Task[None] | None = None

    @property
    def known(self) -> Sequence[ModelInfo]:
        """The list as it was last time."""
        return self._infos

    async def infos(self) -> Sequence[ModelInfo]:
        """Return the list; quick unless it is the first time or long ago."""
        age_s = self._age_s()
        if age_s > self._stale_s:
            await self.ask()
        elif age_s > self._fresh_s:
            self._start_asking()
        return self._infos

    async def ask(self) -> Sequence[ModelInfo]:
        """Return the list as it is now; waits for the provider, at most ``limit_s``."""
        await asyncio.shield(self._start_asking())
        return self._infos

    async def aclose(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        await self.provider.aclose()

    def _age_s(self) -> float:
        if self._listed_at is None:
            return float("inf")
        return asyncio.get_running_loop().time() - self._listed_at

    def _start_asking(self) -> asyncio.Task[None]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_now())
        return self._asking

    async def _ask_now(self) -> None:
        try:
            async with asyncio.timeout(self._limit_s):
                self._infos = await self.provider.list_models()
            self.failure = None
        except (GroundwireError, TimeoutError) as error:
            self._infos = ()
            self.failure = error if isinstance(error, GroundwireError) else None
        self._listed_at = asyncio.get_running_loop().time()
