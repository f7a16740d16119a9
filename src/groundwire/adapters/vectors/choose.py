"""The stores that there are, by the beginning of their address."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from groundwire.model.errors import InvalidField
from groundwire.ports.vector_store import VectorStore

Open = Callable[[str, Path], VectorStore]


def _chroma(address: str, folder: Path) -> VectorStore:
    from groundwire.adapters.vectors.chroma import ChromaVectors

    return ChromaVectors(address, folder)


def _postgres(address: str, _: Path) -> VectorStore:
    from groundwire.adapters.vectors.postgres import PostgresVectors

    return PostgresVectors(address)


STORES: dict[str, Open] = {"chroma": _chroma, "postgresql": _postgres}
"""By scheme, of which only what is before a ``+`` counts. Adding a store adds a line here."""


def open_store(address: str, folder: Path) -> VectorStore:
    """Return the store at ``address``; one that needs a folder gets ``folder``.

    Nothing is connected to yet. Raises ``InvalidField`` for an address of no kind that there is
    and for a library that is missing.
    """
    scheme = address.partition(":")[0].partition("+")[0]
    if scheme not in STORES:
        known = ", ".join(["embedded", *STORES])
        raise InvalidField("vectors", f"GROUNDWIRE_VECTORS begins with one of: {known}.")
    return STORES[scheme](address, folder)


def need(module: str, *, extra: str) -> Any:
    """Import ``module``. Raises ``InvalidField`` that names the extra to install."""
    try:
        return import_module(module)
    except ImportError as error:
        raise InvalidField(
            "vectors",
            f"GROUNDWIRE_VECTORS needs a library that is not installed ({error}). "
            f"Install it with: pip install 'groundwire[{extra}]'",
        ) from error
