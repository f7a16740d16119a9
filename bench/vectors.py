"""An embedder that remembers its vectors in a file between runs."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from groundwire.ports.embedder import Embedder, Unrelated

CACHE = Path(__file__).parent / ".cache"
# What was embedded is kept after so many texts: a run that was ended goes on from there.
AT_ONCE = 64


class RememberingEmbedder:
    """Asks ``embedder`` only for texts that it was not asked for before."""

    def __init__(self, embedder: Embedder, folder: Path = CACHE) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._embedder = embedder
        self._file = sqlite3.connect(folder / "vectors.db", isolation_level=None, timeout=60)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)")

    @property
    def name(self) -> str:
        return self._embedder.name

    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        keys = [self._key(text, kind) for text in texts]
        known = {key: vector for key in keys if (vector := self._find(key)) is not None}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        for part in _parts(list(missing)):
            made = await self._embedder.embed([missing[key] for key in part], kind=kind)
            rows = {key: row.tobytes() for key, row in zip(part, made, strict=True)}
            known |= rows
            self._file.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows.items())
        rows = b"".join(known[key] for key in keys)
        return np.frombuffer(rows, np.float32).reshape(len(texts), -1)

    async def unrelated(self) -> Unrelated:
        return await self._embedder.unrelated()

    def close(self) -> None:
        self._file.close()

    def _key(self, text: str, kind: str) -> bytes:
        return hashlib.sha256(f"{self.name}\0{kind}\0{text}".encode()).digest()

    def _find(self, key: bytes) -> bytes | None:
        row = self._file.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])


def _parts(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (keys[begin : begin + AT_ONCE] for begin in range(0, len(keys), AT_ONCE))
