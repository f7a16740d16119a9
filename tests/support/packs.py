"""Packs of Git, also such as no Git makes, and a server that gives them to whoever asks."""

import hashlib
import struct
import zlib

from tests.support.site import Site

COMMIT, TREE, BLOB, OFS_DELTA, REF_DELTA = 1, 2, 3, 6, 7
MIB = 1 << 20
_KINDS = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob"}


def oid(kind: int, content: bytes) -> bytes:
    return hashlib.sha1(_KINDS[kind] + b" %d\0" % len(content) + content).digest()


def pack(*entries: bytes, count: int | None = None) -> bytes:
    """Return a pack that says it has ``count`` objects."""
    number = len(entries) if count is None else count
    return signed(b"PACK" + struct.pack(">LL", 2, number) + b"".join(entries))


def signed(body: bytes) -> bytes:
    return body + hashlib.sha1(body).digest()


def entry(kind: int, content: bytes, *, base: bytes = b"", size: int | None = None) -> bytes:
    """Return an object that says it has ``size`` bytes; ``base`` is what a delta is made on."""
    return _header(kind, len(content) if size is None else size) + base + zlib.compress(content)


def zeros(kind: int, mib: int) -> bytes:
    """Return an object that is all zeros, without making so many."""
    packer = zlib.compressobj()
    first = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    # Its check sum is missing: nobody is to come so far.
    return _header(kind, mib * MIB) + first + again * (mib - 1)


def delta(source: int, result: int, steps: bytes) -> bytes:
    """Return how ``result`` bytes are made of ``source`` bytes."""
    return _number(source) + _number(result) + steps


def copies(times: int) -> bytes:
    """Return so many steps, each of which copies the first 64 KiB."""
    return b"\x80" * times


def commit_of(tree: bytes) -> bytes:
    author = b"A <a@a> 1700000000 +0000"
    return b"tree %s\nauthor %s\ncommitter %s\n\nx\n" % (tree.hex().encode(), author, author)


def tree_of(*entries: tuple[bytes, bytes, bytes]) -> bytes:
    """Return a tree of entries as (mode, name, id)."""
    return b"".join(mode + b" " + name + b"\0" + id for mode, name, id in entries)


def show_pack(site: Site, pack: bytes, head: bytes = b"1" * 20, beside: bytes = b"") -> str:
    """Serve a repository, by the oldest protocol; say ``beside`` before the pack."""
    names = b"%s HEAD\0shallow\n" % head.hex().encode()
    advertised = line(b"# service=git-upload-pack\n") + b"0000" + line(names) + b"0000"
    kind = "application/x-git-upload-pack"
    site.show("/docs.git/info/refs", advertised, f"{kind}-advertisement")
    answer = beside + b"0000" + line(b"NAK\n") + pack
    site.show("/docs.git/git-upload-pack", answer, f"{kind}-result")
    return f"{site.url}/docs.git"


def line(content: bytes) -> bytes:
    return b"%04x" % (len(content) + 4) + content


def _header(kind: int, size: int) -> bytes:
    first, rest = (kind << 4) | (size & 15), size >> 4
    return bytes([first | 0x80]) + _number(rest) if rest else bytes([first])


def _number(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])
