"""The `Models` port: a name, or ``auto``, becomes a model of some provider."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from groundwire.adapters.models.catalogue import find_known
from groundwire.adapters.models.openai_compatible import OpenAIEndpoint
from groundwire.adapters.models.shelf import FixedModels, Provider, Shelf
from groundwire.adapters.models.why import Why, sentence
from groundwire.model.errors import UnknownModel
from groundwire.ports.chat_model import ChatModel, Choice, Language, ModelInfo

AUTO = "auto"


class ModelDirectory:
    """Every provider's models by name.

    ``providers`` are in the order in which a bare name is looked for. ``default`` is what the
    operator configured, ``aliases`` give other names to models. ``quoting`` is the extractive
    answer, which is always there.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        quoting: ChatModel,
        default: str | None = None,
        aliases: Mapping[str, str] | None = None,
        limit_s: float = 1.0,
    ) -> None:
        own = FixedModels(quoting.info.provider, [quoting])
        self._shelves = [Shelf(provider, limit_s=limit_s) for provider in (*providers, own)]
        self._quoting = quoting
        self._default = None if default in (None, "", AUTO) else default
        self._aliases = {alias.casefold(): name for alias, name in (aliases or {}).items()}

    async def list_models(self) -> Sequence[ModelInfo]:
        lists = await asyncio.gather(*(shelf.ask() for shelf in self._shelves))
        return [with_ability(info) for infos in lists for info in infos]

    async def choose(
        self, name: str | None, *, language: Language, grounded: bool = True
    ) -> Choice:
        if name and name.casefold() != AUTO:
            model = await self._named(name)
            if model is None:
                raise UnknownModel(name, self._names())
            return Choice(model=model, why=sentence(Why.NAMED, language, model.info.name))
        return await self._best(language, grounded=grounded)

    async def aclose(self) -> None:
        for shelf in self._shelves:
            await shelf.aclose()

    async def _named(self, name: str) -> ChatModel | None:
        wanted = self._aliases.get(name.casefold(), name)
        lists = await asyncio.gather(*(shelf.infos() for shelf in self._shelves))
        found = self._look_up(wanted, lists)
        if found is None:
            # It may have been pulled or started a moment ago.
            lists = await asyncio.gather(*(shelf.ask() for shelf in self._shelves))
            found = self._look_up(wanted, lists)
        return found or self._unlisted(wanted)

    def _look_up(self, wanted: str, lists: Sequence[Sequence[ModelInfo]]) -> ChatModel | None:
        infos = [info for listed in lists for info in listed]
        info = match_name(wanted, infos)
        return None if info is None else self._model(info)

    def _unlisted(self, wanted: str) -> ChatModel | None:
        """Return a model that its endpoint does not list: the configured one, or, where it lists
        none at all, one that is said to be there.
        """
        for shelf in self._shelves:
            provider = shelf.provider
            if not isinstance(provider, OpenAIEndpoint):
                continue
            prefix = f"{provider.name}/"
            is_said = shelf.failure is not None and wanted.startswith(prefix)
            if is_said or wanted == self._default:
                return provider.model(with_ability(provider.unlisted(wanted.removeprefix(prefix))))
        return None

    def _model(self, info: ModelInfo) -> ChatModel:
        for shelf in self._shelves:
            if shelf.provider.name == info.provider:
                return shelf.provider.model(with_ability(info))
        raise UnknownModel(info.name, self._names())

    def _names(self) -> list[str]:
        return [AUTO, *(info.name for shelf in self._shelves for info in shelf.known)]

    async def _best(self, language: Language, *, grounded: bool) -> Choice:
        if self._default is not None:
            model = await self._named(self._default)
            if model is not None:
                return Choice(model=model, why=sentence(Why.DEFAULT, language, model.info.name))
        lists = await asyncio.gather(*(shelf.infos() for shelf in self._shelves))
        infos = [with_ability(info) for listed in lists for info in listed]
        choice = self._best_of(infos, language, grounded=grounded)
        if self._default is None:
            return choice
        missing = sentence(Why.DEFAULT_MISSING, language, self._default)
        return Choice(model=choice.model, why=missing + choice.why)

    def _best_of(self, infos: Sequence[ModelInfo], language: Language, *, grounded: bool) -> Choice:
        best = most_capable(infos, language)
        if best is not None:
            why = sentence(Why.CAPABLE, language, best.name)
        elif (best := only_of_endpoint(infos)) is not None:
            why = sentence(Why.ONLY, language, best.name)
        elif not grounded and (best := chatty(infos, language)) is not None:
            why = sentence(Why.CHATTY, language, best.name)
        else:
            return Choice(model=self._quoting, why=sentence(Why.QUOTING, language, ""))
        return Choice(model=self._model(best), why=why)


def with_ability(info: ModelInfo) -> ModelInfo:
    """Return ``info`` with what the catalogue knows of its ability, unless it says itself."""
    known = find_known(info.name) if info.grounded is None else None
    if known is None:
        return info
    return msgspec.structs.replace(
        info, grounded=bool(known.grounded), languages=info.languages or known.grounded
    )


def match_name(wanted: str, infos: Sequence[ModelInfo]) -> ModelInfo | None:
    """Return the model that ``wanted`` names: itself, its ``:latest``, one of its sizes.

    ``provider/name`` asks one provider; a name with a slash of its own comes first.
    """
    folded = wanted.casefold()
    provider, _, rest = folded.partition("/")
    of_provider = [info for info in infos if info.provider == provider]
    return _closest(folded, infos) or _closest(rest, of_provider)


def _closest(name: str, infos: Iterable[ModelInfo]) -> ModelInfo | None:
    names = [(info.name.casefold(), info) for info in infos]
    exact = [info for there, info in names if there == name]
    latest = [info for there, info in names if there == f"{name}:latest"]
    sizes = [info for there, info in names if there.partition(":")[0] == name]
    return next(iter([*exact, *latest, *sizes]), None)


def most_capable(infos: Iterable[ModelInfo], language: Language) -> ModelInfo | None:
    """Return the best model that answers from passages in ``language``; the first of equals."""
    able = [info for info in infos if _is_able(info, language)]
    return max(able, key=_rank, default=None)


def only_of_endpoint(infos: Iterable[ModelInfo]) -> ModelInfo | None:
    """Return the one model of the configured endpoint, if its ability is not known to be poor."""
    there = [info for info in infos if info.provider == OpenAIEndpoint.name]
    return there[0] if len(there) == 1 and there[0].grounded is None else None


def chatty(infos: Iterable[ModelInfo], language: Language) -> ModelInfo | None:
    """Return a model that can at least talk: an embedded one, and those speak English."""
    if language != "en":
        return None
    return next((info for info in infos if info.provider == "embedded"), None)


def _is_able(info: ModelInfo, language: Language) -> bool:
    return info.grounded is True and language in info.languages and info.provider != "extractive"


def _rank(info: ModelInfo) -> int:
    known = find_known(info.name)
    return known.rank if known else 0
