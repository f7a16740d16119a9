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
from bench.ingest.parts import Read, embed_alone, index_alone, parse_alone
from bench.ingest.whole import Upload
from bench.server import Server, serve
from groundwire.adapters.embedder.endpoint import OPENAI, EndpointEmbedder
from groundwire.adapters.embedder.local import LocalEmbedder
from groundwire.ingest.intake import PARSING

RESULTS = Path(__file__).parents[1] / "results" / "ingest.json"
MEGABYTE = 1_000_000
SETTINGS = {"GROUNDWIRE_OLLAMA_URL": "http://127.0.0.1:9", "GROUNDWIRE_LIMITS": "off"}


@dataclass(slots=True)
class Bench:
    server: Server
    http: aiohttp.ClientSession
    embedder: EndpointEmbedder | LocalEmbedder

    async def format(self, suffix: str, files: Sequence[File]) -> dict[str, Any]:
        """Measure the files of one format: its parts alone, then the whole."""
        reads, parser_s = await parse_alone(files)
        if not reads:
            return {}
        vectors, embedder_s = await embed_alone(self.embedder, reads)
        index_s = await index_alone(vectors, reads)
        parts = {"parser": parser_s, "embedder": embedder_s, "index": index_s}
        # As its parts alone, which had a file each before.
        await Upload(self.server, self.http, "warm").whole(files[:PARSING])
        whole_s = await Upload(self.server, self.http, suffix.strip(".")).whole(files)
        return _figures(suffix, files, reads, parts, whole_s)

    async def volume(self, files: Sequence[File], size_bytes: int) -> dict[str, Any]:
        """Measure memory while ``size_bytes`` go in."""
        upload = Upload(self.server, self.http, "volume")
        whole_s = await upload.whole(volume(files, size_bytes=size_bytes))
        batch, peaks = await upload.batch(), upload.peaks
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
    parts: dict[str, float],
    whole_s: float,
) -> dict[str, Any]:
    size = sum(len(file.content) for file in files) / MEGABYTE
    pages, passages = sum(read.pages for read in reads), sum(len(read.chunks) for read in reads)
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
        "wholeToAllPartsInTurn": round(sum(parts.values()) / whole_s, 2),
    }


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
    """Measure each format on a server of its own; then the volume, if one is wanted."""
    size = int(asked.megabytes * MEGABYTE)
    formats = await asyncio.to_thread(by_format, asked.documents, most_bytes=size)
    result: dict[str, Any] = {"embedder": asked.embedder, "formats": []}
    # With each row, since rows of other runs may stand beside it.
    where = {
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
        "loadBefore": round(os.getloadavg()[0], 1),
    }
    for suffix, files in formats.items():
        if asked.formats and suffix.strip(".") not in asked.formats:
            continue
        async with open_bench(is_scripted=asked.embedder == "scripted") as bench:
            if figures := await bench.format(suffix, files):
                result["formats"].append(where | figures)
                print(json.dumps(figures), file=sys.stderr, flush=True)
    if asked.volume:
        everything = [file for files in formats.values() for file in files]
        async with open_bench(is_scripted=asked.embedder == "scripted") as bench:
            result["volume"] = where | await bench.volume(everything, asked.volume * MEGABYTE)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--documents", type=Path, nargs="+", required=True, help="folders or files")
    parser.add_argument("--formats", nargs="*", help="only these, as in `pdf html`")
    parser.add_argument("--megabytes", type=float, default=4.0, help="at most so many of a format")
    parser.add_argument("--volume", type=int, default=0, help="megabytes that go in as a whole")
    parser.add_argument("--embedder", choices=["scripted", "embedded"], default="scripted")
    parser.add_argument("--save", action="store_true", help=f"keep it in {RESULTS.name}")
    asked = parser.parse_args()
    result = asyncio.run(measure(asked))
    print(json.dumps(result, indent=2))
    if asked.save:
        _save(result)


def _save(result: dict[str, Any]) -> None:
    """Keep what was measured with this embedder beside its other formats and its volume."""
    kept: dict[str, Any] = saved.read(RESULTS) or {}
    before = kept.get(result["embedder"], {})
    formats = saved.merge_rows(before.get("formats"), result["formats"], "format")
    kept[result["embedder"]] = before | result | {"formats": formats}
    saved.write(RESULTS, kept)


if __name__ == "__main__":
    main()
