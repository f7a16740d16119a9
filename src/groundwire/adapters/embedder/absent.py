"""What stands for an embedder that cannot be had any more."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from groundwire.model.errors import ModelUnavailable
from groundwire.ports.embedder import Unrelated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class AbsentEmbedder:
    """Says of every text that what embedded until now is not there."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    async def embed(
        self,
        texts: Sequence[str],  # noqa: ARG002 (whatever they are)
        *,
        kind: Literal["query", "passage"],  # noqa: ARG002
    ) -> "NDArray[np.float32]":
        raise self._absent()

    async def unrelated(self) -> Unrelated:
        raise self._absent()

    def _absent(self) -> ModelUnavailable:
        return ModelUnavailable(
            f"What embedded the documents until now ({self._name}) cannot be opened any more. They "
            "are found by their words until they are embedded anew."
        )
