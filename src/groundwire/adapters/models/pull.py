"""Gets a model's file: resumed where it broke off, and checked before it is used."""

import asyncio
import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import unquote, urlsplit

import aiohttp
import msgspec

from groundwire.adapters.models.catalogue import PULLABLE, Pullable
from groundwire.model.errors import InvalidField, ModelUnavailable, UnknownModel

HUB = "https://huggingface.co/{repository}/resolve/main/{file}"
MIRROR = "https://modelscope.cn/models/{repository}/resolve/master/{file}"

ATTEMPTS = 5
PINS = "pins.json"
BLOCK_BYTES = 1 << 20

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes there will be, if that is known."""


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is there and checked.

    ``checked`` says against what: the hash ``known`` to the catalogue, the one ``given``, the one
    ``pinned`` by an earlier pull, or none, in which case it is pinned now (``first``).
    """

    path: Path
    sha256: str
    checked: Literal["known", "given", "pinned", "first"]


class PullTimeouts(msgspec.Struct, frozen=True, kw_only=True):
    connect_s: float = 10.0
    idle_s: float = 30.0
    retry_s: float = 1.0


async def pull(
    what: str,
    folder: Path,
    *,
    addresses: Sequence[str] = (HUB, MIRROR),
    sha256: str | None = None,
    progress: Progress | None = None,
    timeouts: PullTimeouts | None = None,
) -> Pulled:
    """Bring the model ``what``, a catalogue's name or a URL of a GGUF, into ``folder``.

    ``addresses`` are tried in turn; each has ``{repository}`` and ``{file}``. What came before
    a break is kept beside the file as ``.part``. Raises ``UnknownModel``, ``InvalidField`` for a
    URL that is no GGUF, ``ModelUnavailable`` when no address gives the file or its hash is wrong.
    """
    file, urls, known = _resolve(what, addresses)
    pins = _read_pins(folder)
    expected = sha256 or known or pins.get(file)
    target = folder / file
    if not target.exists():
        part = folder / f"{file}.part"
        await _fetch(urls, part, progress or _unseen, timeouts or PullTimeouts())
        await asyncio.to_thread(_check, part, expected)
        part.rename(target)
    digest = await asyncio.to_thread(_check, target, expected)
    checked = "given" if sha256 else "known" if known else "pinned" if file in pins else "first"
    _write_pins(folder, {**pins, file: digest})
    return Pulled(path=target, sha256=digest, checked=checked)


def _resolve(what: str, addresses: Sequence[str]) -> tuple[str, list[str], str | None]:
    if "://" in what:
        parts = urlsplit(what)
        file = unquote(parts.path).rpartition("/")[2]
        if parts.scheme not in ("http", "https") or not file.endswith(".gguf"):
            raise InvalidField("url", "Give an http(s) address that ends in `.gguf`.")
        return file, [what], None
    found = next((entry for entry in PULLABLE if entry.name == what.casefold()), None)
    if found is None:
        raise UnknownModel(what, [entry.name for entry in PULLABLE])
    return found.file, [_at(address, found) for address in addresses], found.sha256


def _at(address: str, entry: Pullable) -> str:
    return address.format(repository=entry.repository, file=entry.file)


async def _fetch(
    urls: Sequence[str], part: Path, progress: Progress, timeouts: PullTimeouts
) -> None:
    timeout = aiohttp.ClientTimeout(
        total=None, connect=timeouts.connect_s, sock_read=timeouts.idle_s
    )
    failure = ""
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for attempt in range(ATTEMPTS):
            for url in urls:
                try:
                    return await _continue(session, url, part, progress)
                except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                    failure = f"{urlsplit(url).netloc}: {_said(error)}"
            if attempt + 1 < ATTEMPTS:
                await asyncio.sleep(timeouts.retry_s * 2**attempt)
    raise ModelUnavailable(
        f"The model could not be downloaded ({failure}). What came is kept; pull it again to go on."
    )


async def _continue(
    session: aiohttp.ClientSession, url: str, part: Path, progress: Progress
) -> None:
    """Fetch what ``part`` lacks; a server that knows no ranges starts it again."""
    there = _size(part)
    # Without this a server may compress, and a range would count other bytes.
    headers = {"Accept-Encoding": "identity"}
    if there:
        headers["Range"] = f"bytes={there}-"
    async with session.get(url, headers=headers) as response:
        if response.status == 416:
            # Nothing is left to send, or the file is another: its hash will tell.
            return
        response.raise_for_status()
        if response.status != 206:
            there = 0
        left = response.content_length
        whole = None if left is None else there + left
        _require_room(part, left)
        with part.open("ab" if there else "wb") as file:
            await _write(response, file, there, whole, progress)


async def _write(
    response: aiohttp.ClientResponse,
    file: BinaryIO,
    there: int,
    whole: int | None,
    progress: Progress,
) -> None:
    async for block in response.content.iter_chunked(BLOCK_BYTES):
        await asyncio.to_thread(file.write, block)
        there += len(block)
        progress(there, whole)


def _check(path: Path, expected: str | None) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if expected is not None and digest != expected.lower():
        path.unlink()
        raise ModelUnavailable(
            f"{path.name} is not the file it should be: its SHA-256 is {digest}, not "
            f"{expected.lower()}. It was deleted.",
            sha256=digest,
        )
    return digest


def _size(part: Path) -> int:
    part.parent.mkdir(parents=True, exist_ok=True)
    return part.stat().st_size if part.exists() else 0


def _unseen(there: int, whole: int | None) -> None:
    """Progress that nobody looks at."""


def _require_room(part: Path, left: int | None) -> None:
    free = shutil.disk_usage(part.parent).free
    if left is not None and left > free:
        raise ModelUnavailable(
            f"The model needs {left:,} more bytes and the disk has {free:,} free."
        )


def _said(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        return f"HTTP {error.status}"
    return "silent for too long" if isinstance(error, TimeoutError) else "connection lost"


def _read_pins(folder: Path) -> dict[str, str]:
    path = folder / PINS
    return msgspec.json.decode(path.read_bytes(), type=dict[str, str]) if path.exists() else {}


def _write_pins(folder: Path, pins: dict[str, str]) -> None:
    draft = folder / f"{PINS}.new"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(pins), indent=2))
    draft.replace(folder / PINS)
