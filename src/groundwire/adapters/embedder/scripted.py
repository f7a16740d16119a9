"""A deterministic embedder for tests: texts that share characters are near each other."""

import zlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedder.unrelated import measure
from groundwire.ports.embedder import Unrelated

BACKGROUND = 0.745
LENGTH_OF_GRAMS = 3


class ScriptedEmbedder:
    """Hashes runs of three characters into ``dimensions`` buckets. Instant, no model."""

    def __init__(self, *, dimensions: int = 64, name: str = "scripted") -> None:
        self._dimensions = dimensions
        self._name = name
        self.embedded: list[str] = []
        """Every text that was asked for, in order."""

    @property
    def name(self) -> str:
        return self._name

    async def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Literal["query", "passage"],  # noqa: ARG002 (one space for both)
    ) -> NDArray[np.float32]:
        self.embedded.extend(texts)
        rows = [self._vector(text.casefold()) for text in texts]
        return np.array(rows, np.float32).reshape(len(texts), self._dimensions)

    async def unrelated(self) -> Unrelated:
        """Return the background of the local embedder, so that nothing is read in another way."""
        return (await measure(self.embed))._replace(background=BACKGROUND)

    async def aclose(self) -> None:
        """Nothing was opened."""

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(self._dimensions, np.float32)
        padded = f" {text} "
        for begin in range(max(1, len(padded) - LENGTH_OF_GRAMS + 1)):
            gram = padded[begin : begin + LENGTH_OF_GRAMS]
            vector[zlib.crc32(gram.encode(errors="replace")) % self._dimensions] += 1.0
        return (vector / np.sqrt(vector @ vector)).astype(np.float32)
