"""The child process: one GGUF behind an OpenAI-compatible endpoint.

Started by `server` as ``python -m groundwire.adapters.runtime.child``. The first line of its
input is a `Task`; it answers with one `Started` or `NotStarted` line and then serves until
its input ends, which happens when the parent closes it or dies.
"""

import os
import sys
from importlib import import_module
from typing import Any

import msgspec

from groundwire.adapters.runtime.process import die_with_the_parent


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What to serve and where.

    ``address`` ends in ``.sock`` for a Unix socket, or is a loopback host whose port the
    system chooses. ``window_tokens`` is per slot. One that ``ranks`` serves ``/rerank`` alone.
    """

    model: str
    address: str
    api_key: str
    log: str
    slots: int
    window_tokens: int
    batch_tokens: int
    threads: int
    ranks: bool = False


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    address: str


class NotStarted(msgspec.Struct, frozen=True, kw_only=True, tag="not_started"):
    why: str


def main() -> None:
    die_with_the_parent()
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=Task)
    answers = os.dup(sys.stdout.fileno())
    _send_output_to(task.log)
    try:
        server = _serve(task)
    except (RuntimeError, ValueError, OSError) as error:
        _answer(answers, NotStarted(why=str(error)))
        os._exit(1)
    _answer(answers, Started(address=server.listening_address))
    sys.stdin.buffer.read()
    # The server's own shutdown waits for running generations; nobody reads them any more.
    os._exit(0)


def _serve(task: Task) -> Any:
    # By name, since the library ships no types and pyright cannot see into it.
    xllamacpp: Any = import_module("xllamacpp")
    params: Any = xllamacpp.CommonParams()
    params.model.path = task.model
    params.n_parallel = task.slots
    params.n_ctx = task.window_tokens * task.slots
    params.n_batch = params.n_ubatch = task.batch_tokens
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = task.threads
    params.hostnames = [task.address]
    params.port = 0
    params.api_keys = [task.api_key]
    params.ui = params.endpoint_slots = False
    params.cache_ram_mib = 0
    if task.ranks:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
    return xllamacpp.Server(params)


def _answer(answers: int, message: Started | NotStarted) -> None:
    os.write(answers, msgspec.json.encode(message) + b"\n")
    os.close(answers)


def _send_output_to(log: str) -> None:
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(target, stream.fileno())
    os.close(target)


if __name__ == "__main__":
    main()
