"""The embedders that there are beside the embedded one, by the beginning of their setting."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from groundwire.model.errors import InvalidField
from groundwire.ports.embedder import Embedder


class Place(NamedTuple):
    """Where ``model`` is asked, '' if nobody said, and the key for it."""

    model: str
    url: str = ""
    key: str | None = None


class Closing(Embedder, Protocol):
    async def aclose(self) -> None: ...


Open = Callable[[Place], Closing]


def _ollama(place: Place) -> Closing:
    from groundwire.adapters.embedder.endpoint import OLLAMA, EndpointEmbedder

    return EndpointEmbedder(OLLAMA, _url_of(place), place.model, key=place.key)


def _openai(place: Place) -> Closing:
    from groundwire.adapters.embedder.endpoint import OPENAI, EndpointEmbedder

    return EndpointEmbedder(OPENAI, _url_of(place), place.model, key=place.key)


EMBEDDERS: dict[str, Open] = {
    "ollama": _ollama,
    "openai": _openai,
}
"""By what stands before the colon. Another embedder adds a line."""


def open_embedder(setting: str, *, url: str = "", key: str | None = None) -> Closing:
    """Return the embedder that ``setting`` names, as in ``ollama:bge-m3``: that is its name, too.

    Nothing is asked yet. Raises ``InvalidField`` for one that there is none of, and if it has to
    be asked somewhere and nobody said where.
    """
    kind, _, model = setting.partition(":")
    if kind not in EMBEDDERS or not model:
        known = " or ".join(f"`{each}:MODEL`" for each in EMBEDDERS)
        raise InvalidField("embedder", f"GROUNDWIRE_EMBEDDER is `embedded` or {known}.")
    opened = EMBEDDERS[kind](Place(model, url, key))
    # By its name it is found again when another one has been set.
    assert opened.name == setting
    return opened


def _url_of(place: Place) -> str:
    if not place.url:
        raise InvalidField("embedder_url", "Say where the embedder is, in GROUNDWIRE_EMBEDDER_URL.")
    return place.url
