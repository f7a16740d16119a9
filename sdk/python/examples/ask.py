"""Ask, and print the answer as it comes: python ask.py URL KEY QUESTION"""

import asyncio
import sys

from groundwire_client import Reset, connect


async def main(url: str, key: str, question: str) -> None:
    async with connect(url, token=key) as groundwire:
        answer = await groundwire.conversation("example").ask(question)
        async for piece in answer:
            print("\n\n" if isinstance(piece, Reset) else piece, end="", flush=True)
        for source in answer.sources:
            print(f"\n[{source.n}] {source.title}", end="")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
