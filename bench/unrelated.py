"""``python -m bench.unrelated``: write what the local embedder gives for no reason.

To be run after its weights or the texts of `adapters.embedder.unrelated` have changed.
"""

import asyncio
from contextlib import aclosing

import numpy as np

from groundwire.adapters.embedder.local import UNRELATED, LocalEmbedder
from groundwire.adapters.embedder.unrelated import measure


async def main() -> None:
    async with aclosing(LocalEmbedder()) as embedder:
        measured = await measure(embedder.embed)
    means = np.array([measured.english, measured.chinese], np.float32)
    np.save(UNRELATED, means, allow_pickle=False)
    print(f"{UNRELATED.name}: {means.shape}, background {measured.background:.3f}")


if __name__ == "__main__":
    asyncio.run(main())
