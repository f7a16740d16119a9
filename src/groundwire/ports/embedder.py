from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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

    async def background(self) -> float:
        """Return the cosine of a question and a passage that have nothing to do with it.

        It says how to read the others: models differ in what they give for no reason.
        Raises ``ModelUnavailable``.
        """
        ...
