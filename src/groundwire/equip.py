"""What documents come from and are found with, as the settings say."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from groundwire.model.errors import InvalidField
from groundwire.ports.passage_index import ChunkStore, VectorIndex
from groundwire.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundwire.model.feeds import FeedKind
    from groundwire.ports.connector import Connector
    from groundwire.ports.documents import Documents
    from groundwire.ports.embedder import Embedder
    from groundwire.ports.reranker import Reranker
    from groundwire.ports.vector_store import VectorStore
    from groundwire.retrieve.search import Search

EMBEDDED = "embedded"
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
        from groundwire.adapters.embedder.local import LocalEmbedder

        local = LocalEmbedder(unload_after_s=UNLOAD_AFTER_S)
        stack.push_async_callback(local.aclose)
        return local
    from groundwire.adapters.embedder.endpoint import OLLAMA, OPENAI, EndpointEmbedder
    from groundwire.adapters.models.ollama import DEFAULT_URL

    kind, _, model = settings.embedder.partition(":")
    places = {
        "ollama": (OLLAMA, settings.ollama_url or DEFAULT_URL, None),
        "openai": (OPENAI, settings.openai_base_url, settings.openai_api_key),
    }
    if kind not in places or not model:
        raise InvalidField(
            "embedder", "GROUNDWIRE_EMBEDDER is `embedded`, `ollama:MODEL` or `openai:MODEL`."
        )
    protocol, url, key = places[kind]
    if settings.embedder_url is not None:
        # A key goes only to the place that it was given for.
        url, key = settings.embedder_url, None
    if not url:
        raise InvalidField("embedder_url", "Say where the embedder is, in GROUNDWIRE_EMBEDDER_URL.")
    endpoint = EndpointEmbedder(protocol, url, model, key=settings.embedder_api_key or key)
    stack.push_async_callback(endpoint.aclose)
    return endpoint


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
    embedder: "Embedder",
    documents: "Documents",
    stack: contextlib.AsyncExitStack,
) -> "Search":
    """Make the search of ``index``; ``stack`` closes what it opens. Raises ``InvalidField``."""
    from groundwire.retrieve.rerank import Reranking
    from groundwire.retrieve.search import Search

    reranker = open_reranker(settings, stack)
    return Search(
        chunks=index,
        vectors=index,
        embedder=embedder,
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
    from groundwire.adapters.embedded.split_index import SplitIndex

    path, vectors = settings.data / "index.db", open_vectors(settings, stack)
    if vectors is None:
        index = SqliteIndex(path, embedder=embedder.name)
    else:
        index = SplitIndex(path, embedder=embedder.name, vectors=vectors)
    stack.callback(index.close)
    return index


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
