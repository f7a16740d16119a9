"""What runs in the process that reads a repository: it opens one, and answers about it.

Nothing that Git has packed is unpacked anywhere else.
"""

import sys
from pathlib import Path

import msgspec

from groundwire.adapters.connectors.files import takes
from groundwire.adapters.connectors.git_messages import (
    BROKEN,
    TOO_LARGE,
    Content,
    Files,
    FindHead,
    Head,
    ListFiles,
    Opened,
    OpenFolder,
    OpenPack,
    Ready,
    Refusal,
    Reply,
    Start,
    Wish,
)
from groundwire.adapters.connectors.git_tree import (
    Objects,
    find_commit,
    list_files,
    open_local,
    open_pack,
    read_blob,
)
from groundwire.adapters.runtime import confine, wire
from groundwire.model.errors import FeedFailed


def main() -> None:
    """Answer a `Start` with `Ready`, then each `Wish` with one `Reply`."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    message = wire.receive(source)
    if message is None:
        return
    start = msgspec.msgpack.decode(message, type=Start)
    isolated = confine.confine(start.memory_bytes)
    confine.allow_cpu(start.cpu_s)
    wire.send(sink, msgspec.msgpack.encode(Ready(isolated)))
    repository = _Repository()
    while (message := wire.receive(source)) is not None:
        wire.send(sink, _answer(repository, msgspec.msgpack.decode(message, type=Wish)))


def _answer(repository: "_Repository", wish: Wish) -> bytes:
    try:
        return msgspec.msgpack.encode(repository.fulfil(wish))
    except FeedFailed as error:
        refusal = Refusal(error.reason, error.message)
    except MemoryError:
        refusal = TOO_LARGE
    except Exception:  # noqa: BLE001 (whatever hostile objects make dulwich raise is their fault)
        refusal = BROKEN
    except BaseException:  # noqa: BLE001 (its part in Rust panics where it finds no memory)
        refusal = TOO_LARGE
    return msgspec.msgpack.encode(refusal)


class _Repository:
    def __init__(self) -> None:
        self._objects: Objects = {}
        self._refs = {}

    def fulfil(self, wish: Wish) -> Reply:
        match wish:
            case OpenPack(path, format):
                self._objects = open_pack(Path(path), format)
                return Opened()
            case OpenFolder(path):
                repo = open_local(Path(path))
                self._objects, self._refs = repo.object_store, repo.get_refs()
                return Opened()
            case FindHead(branch):
                return Head(find_commit({**self._refs}, branch))
            case ListFiles(commit, options):
                take = takes(options, pictures=False)
                return Files(list_files(self._objects, commit, take))
            case _:
                return Content(read_blob(self._objects, wish.oid, wish.limit_bytes))


if __name__ == "__main__":
    main()
