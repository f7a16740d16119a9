"""Times how long a reranker in the embedded runtime takes for the passages of a question.

    python -m bench.reranking [--passages 10] [--tokens 250] [--save]

How long a model takes depends on its shape and not on what its weights say, so files of the
shapes that rerankers have are written with weights drawn by chance, in 32-bit floats. ADR 6
measured that in llama.cpp those take as long as blocks of 8 bits.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

from bench.memory import processor_s
from groundwire.adapters.reranker.gguf import GgufReranker
from tests.support.cross_encoder import WORDS, CrossEncoder, Shape

RESULTS = Path(__file__).parent / "results" / "reranking.json"
WINDOW = 512
QUESTION_WORDS = 12
SHAPES = {
    "6 layers of 384 (MiniLM-L6)": Shape(6, 384, 1536, 12, WINDOW),
    "12 layers of 384 (MiniLM-L12)": Shape(12, 384, 1536, 12, WINDOW),
    "12 layers of 768 (bge-reranker-base)": Shape(12, 768, 3072, 12, WINDOW),
}


async def measure(shape: Shape, passages: int, tokens: int) -> dict[str, float]:
    """Return the seconds of a load and of a question, by the clock and of the processor."""
    query = " ".join(WORDS[n % len(WORDS)] for n in range(QUESTION_WORDS))
    words = tokens - QUESTION_WORDS
    texts = [" ".join(WORDS[(n + m) % len(WORDS)] for n in range(words)) for m in range(passages)]
    with tempfile.TemporaryDirectory() as folder:
        path = CrossEncoder(shape=shape).write(Path(folder) / "drawn.gguf")
        reranker = GgufReranker(path, folder=Path(folder))
        try:
            began = time.monotonic()
            await reranker.rerank(query, texts[:1])
            loaded = time.monotonic() - began
            assert reranker.pid
            # Two threads take half of it if nobody else works.
            before, began = processor_s(reranker.pid), time.monotonic()
            await reranker.rerank(query, texts)
            taken, worked = time.monotonic() - began, processor_s(reranker.pid) - before
        finally:
            await reranker.aclose()
    return {"load_s": round(loaded, 2), "question_s": round(taken, 2), "cpu_s": round(worked, 2)}


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--passages", type=int, default=10)
    parser.add_argument("--tokens", type=int, default=250, help="of a pair")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    asked = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    for name, shape in SHAPES.items():
        results[name] = await measure(shape, asked.passages, asked.tokens)
        print(f"{name:40} {results[name]}", flush=True)
    if asked.save:
        pairs = {"passages": asked.passages, "tokens": asked.tokens}
        text = json.dumps({"pairs": pairs, "shapes": results}, indent=2)
        RESULTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
