"""What documents come from and are found with, as the settings say."""

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from groundwire.model.errors import InvalidField
from groundwire.ports.passage_index import ChunkStore, VectorIndex
from groundwire.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundwire.adapters.embedded.space import Standing
    from groundwire.model.feeds import FeedKind
    from groundwire.ports.connector import Connector
    from groundwire.ports.documents import Documents
    from groundwire.ports.embedder import Embedder
    from groundwire.ports.reranker import Reranker
    from groundwire.ports.vector_store import VectorStore
    from groundwire.retrieve.meaning import Meanings
    from groundwire.retrieve.search import Search

EMBEDDED = "embedded"
INDEX = "index.db"
OFF = "off"
GGUF = ".gguf"
MODELS = "models"
UNLOAD_AFTER_S = 600.0
# A page of a feed is held in memory as a whole.
PAGE_BYTES = 32 * 1024 * 1024
# One commit of a repository, packed; it lies on the disk meanwhile.
PACK_BYTES = 512 * 1024 * 1024


class PassageIndex(ChunkStore, VectorIndex, Protocol):
    """Words and vectors of the same chunks."""


def open_embedder(settings: Settings, stack: contextlib.AsyncExitStack) -> "Embedder":
    """Return the embedder of the settings; ``stack`` closes it. Raises ``InvalidField``."""
    if settings.embedder == EMBEDDED:
        return _open_local(stack)
    return _open_chosen(settings.embedder, address_of(settings), settings, stack)


def reopen_embedder(
    name: str, address: str, settings: Settings, stack: contextlib.AsyncExitStack
) -> "Embedder":
    """Return the embedder that the settings named when it was called ``name``.

    ``address`` is where it was asked then. If it cannot be had any more, every use says why.
    """
    from groundwire.adapters.embedder.absent import AbsentEmbedder
    from groundwire.adapters.embedder.local import NAME

    if name == NAME:
        return _open_local(stack)
    try:
        return _open_chosen(name, address or _usual_address(name, settings), settings, stack)
    except InvalidField:
        return AbsentEmbedder(name)


def address_of(settings: Settings) -> str:
    """Return where the embedder of the settings is asked, '' for the embedded one."""
    if settings.embedder == EMBEDDED:
        return ""
    return settings.embedder_url or _usual_address(settings.embedder, settings)


def _usual_address(embedder: str, settings: Settings) -> str:
    """Return where the models of this kind are asked, '' if there are none."""
    from groundwire.adapters.models.ollama import DEFAULT_URL

    if embedder.startswith("ollama:"):
        return settings.ollama_url or DEFAULT_URL
    if embedder.startswith("openai:"):
        return settings.openai_base_url or ""
    return ""


def _open_local(stack: contextlib.AsyncExitStack) -> "Embedder":
    from groundwire.adapters.embedder.local import LocalEmbedder

    local = LocalEmbedder(unload_after_s=UNLOAD_AFTER_S)
    stack.push_async_callback(local.aclose)
    return local


def _open_chosen(
    name: str, url: str, settings: Settings, stack: contextlib.AsyncExitStack
) -> "Embedder":
    """Raises ``InvalidField`` if there is none of this name, or if nobody said where it is."""
    from groundwire.adapters.embedder.choose import open_embedder

    url, key = _with_key(url, settings)
    chosen = open_embedder(name, url=url, key=key)
    stack.push_async_callback(chosen.aclose)
    return chosen


def _with_key(url: str, settings: Settings) -> tuple[str, str | None]:
    """Return the place as the settings have it, with their key for it.

    A key goes only to the place that it was given for.
    """
    places = [
        (address_of(settings), settings.embedder_api_key),
        (settings.openai_base_url or "", settings.openai_api_key),
    ]
    for place, key in places:
        if key and _bare(place) == _bare(url):
            return place, key
    return next((place for place, _ in places if _bare(place) == _bare(url)), url), None


def _bare(url: str) -> str:
    """Return ``url`` without who asks there and with which password."""
    return re.sub(r"//[^/@]*@", "//", url).rstrip("/")


def open_reranker(settings: Settings, stack: contextlib.AsyncExitStack) -> "Reranker | None":
    """Return the reranker of the settings, ``None`` where there is none.

    ``stack`` closes it. Nothing is started or asked yet. Raises ``InvalidField``.
    """
    kind, _, model = settings.reranker.partition(":")
    if settings.reranker == OFF:
        return None
    if kind not in ("gguf", "http") or not model:
        raise InvalidField("reranker", "GROUNDWIRE_RERANKER is `off`, `gguf:FILE` or `http:MODEL`.")
    if path := reranker_path(settings):
        from groundwire.adapters.reranker.gguf import GgufReranker

        if not path.is_file():
            raise InvalidField("reranker", f"GROUNDWIRE_RERANKER: there is no file {path}.")
        local = GgufReranker(path, folder=settings.data / "tmp" / "runtime" / "reranker")
        stack.push_async_callback(local.aclose)
        return local
    from groundwire.adapters.reranker.endpoint import EndpointReranker

    url = settings.reranker_url or ""
    if not url.startswith(("http://", "https://")):
        raise InvalidField(
            "reranker_url",
            "Say where the reranker is, in GROUNDWIRE_RERANKER_URL, as in "
            "`http://127.0.0.1:8080/v1`.",
        )
    endpoint = EndpointReranker(url, model, key=settings.reranker_api_key)
    stack.push_async_callback(endpoint.aclose)
    return endpoint


def reranker_path(settings: Settings) -> Path | None:
    """Return where the reranker that the settings name is, if it is a file."""
    kind, _, name = settings.reranker.partition(":")
    if kind != "gguf" or not name:
        return None
    # A whole path stays what it is.
    return settings.data / MODELS / (name if name.endswith(GGUF) else name + GGUF)


def open_search(
    settings: Settings,
    index: PassageIndex,
    meanings: "Meanings",
    documents: "Documents",
    stack: contextlib.AsyncExitStack,
) -> "Search":
    """Make the search of ``index``; ``stack`` closes what it opens. Raises ``InvalidField``."""
    from groundwire.retrieve.rerank import Reranking
    from groundwire.retrieve.search import Search

    reranker = open_reranker(settings, stack)
    return Search(
        chunks=index,
        meanings=meanings,
        documents=documents,
        reranking=Reranking(reranker, settings.reranker_timeout) if reranker else None,
    )


def open_vectors(settings: Settings, stack: contextlib.AsyncExitStack) -> "VectorStore | None":
    """Return the store of the settings, ``None`` for the index itself.

    ``stack`` closes it. Raises ``InvalidField``.
    """
    if settings.vectors == EMBEDDED:
        return None
    from groundwire.adapters.vectors.choose import open_store

    store = open_store(settings.vectors, settings.data / "vectors")
    stack.push_async_callback(store.aclose)
    return store


def open_index(
    settings: Settings, embedder: "Embedder", stack: contextlib.AsyncExitStack
) -> PassageIndex:
    """Return the index of the settings; ``stack`` closes it. Raises ``InvalidField``."""
    from groundwire.adapters.embedded.index import SqliteIndex

    index = SqliteIndex(
        settings.data / INDEX,
        embedder=embedder.name,
        address=_bare(address_of(settings)),
        vectors=open_vectors(settings, stack),
    )
    stack.callback(index.close)
    return index


def look_at_index(settings: Settings) -> "Standing | None":
    """Return how the index stands, beside a running server or without one; ``None`` if unknown."""
    from groundwire.adapters.embedded.space import look

    return look(settings.data / INDEX)


def open_meanings(
    settings: Settings, embedder: "Embedder", index: PassageIndex, stack: contextlib.AsyncExitStack
) -> "Meanings":
    """Return what is found by meaning: by ``embedder``, or by that of before until it is ready."""
    from groundwire.retrieve.meaning import Meanings

    embedders, serving = [embedder], index.serving
    if serving.embedder != embedder.name:
        embedders.append(reopen_embedder(serving.embedder, serving.address, settings, stack))
    return Meanings(index, embedders)


def make_connectors(settings: Settings) -> "Mapping[FeedKind, Connector]":
    """Make what reads the places that documents come from; they hold nothing to be closed."""
    from groundwire.adapters.connectors.folder import FolderConnector
    from groundwire.adapters.connectors.folders import Folders
    from groundwire.adapters.connectors.repository import RepositoryConnector
    from groundwire.adapters.connectors.site import SiteConnector
    from groundwire.adapters.network.web import Limits, Web

    hosts, folders = settings.fetch_allowed, Folders(settings.folders)
    pages = Limits(wall_s=60.0, page_bytes=PAGE_BYTES)
    packs = Limits(wall_s=900.0, page_bytes=PACK_BYTES)
    site = SiteConnector(Web(allowed=hosts, limits=pages))
    return {
        "page": site,
        "site": site,
        "repository": RepositoryConnector(folders, Web(allowed=hosts, limits=packs)),
        "folder": FolderConnector(folders, limit_bytes=settings.upload_bytes),
    }
