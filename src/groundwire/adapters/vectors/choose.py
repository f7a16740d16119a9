"""The stores that there are, by the beginning of their address."""

from collections.abc import Callable
from pathlib import Path

from groundwire.model.errors import InvalidField
from groundwire.ports.vector_store import VectorStore

Open = Callable[[str, Path], VectorStore]


def _chroma(_: str, folder: Path) -> VectorStore:
    from groundwire.adapters.vectors.chroma import ChromaVectors

    return ChromaVectors(folder)


def _chroma_server(address: str, _: Path) -> VectorStore:
    from groundwire.adapters.vectors.chroma_server import ChromaServerVectors

    return ChromaServerVectors(address)


def _postgres(address: str, _: Path) -> VectorStore:
    from groundwire.adapters.vectors.postgres import PostgresVectors

    return PostgresVectors(address)


STORES: dict[str, Open] = {
    "chroma": _chroma,
    "chroma+http": _chroma_server,
    "chroma+https": _chroma_server,
    "postgresql": _postgres,
}
"""By the scheme of the address. Another store adds a line."""


def open_store(address: str, folder: Path) -> VectorStore:
    """Return the store at ``address``; one that needs a folder gets ``folder``.

    Nothing is connected to yet. Raises ``InvalidField`` for an address of no kind that there is
    and for a library that is missing.
    """
    scheme = address.partition(":")[0]
    if scheme not in STORES:
        known = ", ".join(["embedded", *STORES])
        raise InvalidField("vectors", f"GROUNDWIRE_VECTORS has to begin with one of: {known}.")
    return STORES[scheme](address, folder)
