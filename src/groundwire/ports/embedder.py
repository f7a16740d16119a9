from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]


class Common(NamedTuple):
    """What texts of one language about nothing in particular have in common.

    Two mean vectors, of shape (dimensions,): of such texts as they are asked, and as passages.
    """

    asked: "Vector"
    passage: "Vector"


class Unrelated(NamedTuple):
    """What an embedder gives for no reason, which says how to read what else it gives.

    ``background`` is the cosine of a question and a passage that have nothing to do with one
    another, whatever their languages.
    """

    background: float
    english: Common
    chinese: Common


class Embedder(Protocol):
    """Texts in, unit vectors out."""

    @property
    def name(self) -> str:
        """Identifies the vector space: vectors of different names must never be mixed."""
        ...

    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> "NDArray[np.float32]":
        """Return one unit vector per text, shape (len(texts), dimensions), in order.

        A text longer than the model's window is cut at its end. A ``query`` is served
        before passages that wait. Raises ``ModelUnavailable``.
        """
        ...

    async def unrelated(self) -> Unrelated:
        """Return what texts have in common that have nothing to do with one another.

        It may cost some 60 embeddings: to be asked once. Raises ``ModelUnavailable``.
        """
        ...
