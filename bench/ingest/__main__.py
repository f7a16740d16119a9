"""``python -m bench.ingest``: each format, and memory while a volume goes in."""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench import embeddings, saved
from bench.folder.material import File
from bench.ingest.files import by_format, volume
from bench.ingest.parts import Read, Spent, embed_alone, index_alone, parse_alone
from bench.ingest.whole import Upload
from bench.server import Server, serve
from groundwire.adapters.embedder.endpoint import OPENAI, EndpointEmbedder
from groundwire.adapters.embedder.local import LocalEmbedder
from groundwire.ingest.intake import PARSING

RESULTS = Path(__file__).parents[1] / "results" / "ingest.json"
MEGABYTE = 1_000_000
# Of each format: as much as takes the embedder a quarter of a minute, and enough to be steady.
MEGABYTES = {"embedded": 0.15, "scripted": 10.0}
SETTINGS = {"GROUNDWIRE_OLLAMA_URL": "http://127.0.0.1:9", "GROUNDWIRE_LIMITS": "off"}


@dataclass(slots=True)
class Bench:
    server: Server
    http: aiohttp.ClientSession
    embedder: EndpointEmbedder | LocalEmbedder

    async def format(self, suffix: str, files: Sequence[File]) -> dict[str, Any]:
        """Measure the files of one format: its parts alone, then the whole."""
        reads, parsing, reading = await parse_alone(files)
        if not reads:
            return {}
        vectors, embedding = await embed_alone(self.embedder, reads)
        indexing = await index_alone(vectors, reads)
        parts = {"parser": parsing, "embedder": embedding, "index": indexing}
        # As its parts alone, which had a file each before.
        await Upload(self.server, self.http, "warm").whole(files[:PARSING])
        whole_s = await Upload(self.server, self.http, suffix.strip(".")).whole(files)
        return _figures(suffix, files, reads, parts, whole_s) | _limit(
            parts | {"parser": reading}, whole_s
        )

    async def volume(self, files: Sequence[File], size_bytes: int) -> dict[str, Any]:
        """Measure memory while ``size_bytes`` go in."""
        upload = Upload(self.server, self.http, "volume")
        async with upload.watched() as peaks:
            whole_s = await upload.whole(volume(files, size_bytes=size_bytes))
        batch = await upload.batch()
        return {
            "megabytes": round(upload.sent_bytes / MEGABYTE),
            "files": upload.sent,
            "ready": batch.ready,
            "failed": batch.failed,
            "seconds": round(whole_s),
            "mbPerS": round(upload.sent_bytes / MEGABYTE / whole_s, 2),
            "serverPeakRssMb": peaks.server_rss_mb,
            "allPeakPssMb": peaks.all_pss_mb,
            "allPeakRssMb": peaks.all_rss_mb,
            "peakRssMbByProcess": peaks.by_process,
        }


def _figures(
    suffix: str,
    files: Sequence[File],
    reads: Sequence[Read],
    spent: dict[str, Spent],
    whole_s: float,
) -> dict[str, Any]:
    size = sum(len(file.content) for file in files) / MEGABYTE
    cuts = [read.cut for read in reads]
    pages, passages = sum(cut.pages or 0 for cut in cuts), sum(len(cut.chunks) for cut in cuts)
    parts = {name: each.seconds for name, each in spent.items()}
    slowest = max(parts, key=lambda name: parts[name])
    return {
        "format": suffix.strip("."),
        "files": len(files),
        "megabytes": round(size, 2),
        "pages": pages or None,
        "passages": passages,
        **{f"{name}AloneS": round(taken, 2) for name, taken in parts.items()},
        "wholeS": round(whole_s, 2),
        "parserAloneMbPerS": round(size / parts["parser"], 2),
        "mbPerS": round(size / whole_s, 2),
        "parserAlonePagesPerS": round(pages / parts["parser"]) or None,
        "pagesPerS": round(pages / whole_s) or None,
        "embedderAlonePassagesPerS": round(passages / parts["embedder"], 1),
        "indexAlonePassagesPerS": round(passages / parts["index"], 1),
        "passagesPerS": round(passages / whole_s, 1),
        "slowest": slowest,
        "wholeToSlowest": round(parts[slowest] / whole_s, 2),
    }


def _limit(parts: dict[str, Spent], whole_s: float) -> dict[str, Any]:
    """Return what this machine would take if nothing but ``parts`` were done, all at once.

    That is the slowest, or more if together they want all processors for longer.
    """
    processors_s = sum(part.processor_s for part in parts.values()) / (os.cpu_count() or 1)
    limit = max(processors_s, *(part.seconds for part in parts.values()))
    return {"limitS": round(limit, 2), "wholeToLimit": round(limit / whole_s, 2)}


@asynccontextmanager
async def open_bench(*, is_scripted: bool) -> AsyncGenerator[Bench]:
    async with AsyncExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="groundwire-ingest-")))
        settings = dict(SETTINGS)
        if is_scripted:
            url = await stack.enter_async_context(embeddings.Embeddings().serve())
            settings |= embeddings.settings(url)
            embedder = EndpointEmbedder(OPENAI, url, embeddings.MODEL)
        else:
            embedder = LocalEmbedder()
        stack.push_async_callback(embedder.aclose)
        server = await stack.enter_async_context(serve(place, settings))
        headers = {"Authorization": f"Bearer {server.key}"}
        session = aiohttp.ClientSession(server.url, headers=headers)
        yield Bench(server, await stack.enter_async_context(session), embedder)


async def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Measure each format on a server of its own, or the volume: its rows by the embedder."""
    # With each row, since rows of other runs may stand beside it.
    where = {
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
        "loadBefore": round(os.getloadavg()[0], 1),
    }
    size = int((asked.megabytes or MEGABYTES[asked.embedder]) * MEGABYTE)
    found = await asyncio.to_thread(by_format, asked.documents, most_bytes=size)
    if asked.volume:
        everything = [file for files in found.values() for file in files]
        async with open_bench(is_scripted=True) as bench:
            figures = await bench.volume(everything, asked.volume * MEGABYTE)
            return {"scripted": {"volume": where | figures}}
    rows = list[dict[str, Any]]()
    for suffix, files in found.items():
        if asked.formats and suffix.strip(".") not in asked.formats:
            continue
        async with open_bench(is_scripted=asked.embedder == "scripted") as bench:
            if figures := await bench.format(suffix, files):
                rows.append(where | figures)
                print(json.dumps(figures), file=sys.stderr, flush=True)
    return {asked.embedder: {"formats": rows}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--documents", type=Path, nargs="+", required=True, help="folders or files")
    parser.add_argument("--formats", nargs="*", help="only these, as in `pdf html`")
    parser.add_argument("--megabytes", type=float, help="at most so many of a format")
    parser.add_argument(
        "--embedder",
        choices=[*MEGABYTES],
        default="embedded",
        help="the one that comes with Groundwire, or an endpoint that a script answers at once",
    )
    parser.add_argument(
        "--volume", type=int, help="instead, memory while so many megabytes go in, with the script"
    )
    parser.add_argument("--save", action="store_true", help=f"keep it in {RESULTS.name}")
    asked = parser.parse_args()
    result = asyncio.run(measure(asked))
    print(json.dumps(result, indent=2))
    if asked.save:
        _save(result)


def _save(result: dict[str, Any]) -> None:
    """Keep what was measured beside the other formats and the volume of before."""
    kept: dict[str, Any] = saved.read(RESULTS) or {}
    for embedder, measured in result.items():
        before = kept.get(embedder, {})
        rows = saved.merge_rows(before.get("formats"), measured.get("formats", []), "format")
        kept[embedder] = before | measured | {"formats": rows}
    saved.write(RESULTS, kept)


if __name__ == "__main__":
    main()
