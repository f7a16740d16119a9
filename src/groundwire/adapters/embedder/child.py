"""The child process of `local`: texts in, vectors out, questions first.

Messages on both pipes are msgpack behind their length in four bytes. The child ends with
its input.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Literal

import msgspec
import numpy as np

from groundwire.adapters.embedder.encoder import Encoder
from groundwire.adapters.embedder.tokenizer import Tokenizer
from groundwire.adapters.embedder.weights import Floats, Weights, find_weights
from groundwire.adapters.runtime.process import die_with_the_parent
from groundwire.model.errors import ModelUnavailable

LENGTH_BYTES = 4
# Passages give way to whatever else the machine does, first of all to questions.
PASSAGE_NICENESS = 10
# What the model was trained with; without them its cosines say less.
PREFIXES = {"query": "query: ", "passage": "passage: "}


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    kind: Literal["query", "passage"]
    texts: tuple[str, ...]


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    dimensions: int


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The child cannot work at all; ``why`` is for people."""

    why: str


class Vectors(msgspec.Struct, frozen=True, kw_only=True, tag="vectors"):
    """The unit vectors of request ``id``: little-endian 32-bit floats, row by row."""

    id: int
    rows: bytes


Answer = Ready | Failed | Vectors


def main() -> None:
    die_with_the_parent()
    answers = _Answers(os.fdopen(os.dup(sys.stdout.fileno()), "wb"))
    try:
        model = Model(Weights(find_weights()))
    except (ModelUnavailable, OSError, ValueError) as error:
        answers.send(Failed(why=str(error)))
        return
    waiting: dict[str, queue.SimpleQueue[Ask]] = {
        "query": queue.SimpleQueue(),
        "passage": queue.SimpleQueue(),
    }
    # A thread that failed would leave its requests waiting: the parent notices a death.
    threading.excepthook = _end
    _start(_work, 1, model, waiting["query"], answers)
    _start(_work_on_passages, int(sys.argv[1]), model, waiting["passage"], answers)
    answers.send(Ready(dimensions=model.dimensions))
    while (message := _receive(sys.stdin.buffer)) is not None:
        ask = msgspec.msgpack.decode(message, type=Ask)
        waiting[ask.kind].put(ask)
    # Nobody reads the vectors that are still being made.
    os._exit(0)


class Model:
    """A text's vector, from its characters on. Safe to call from several threads."""

    def __init__(self, weights: Weights) -> None:
        self._tokenizer = Tokenizer(weights.vocabulary)
        self._encoder = Encoder(weights)

    @property
    def dimensions(self) -> int:
        return self._encoder.dimensions

    def embed(self, text: str, *, kind: Literal["query", "passage"]) -> Floats:
        """Return the unit vector of ``text``, cut to the window."""
        window = self._encoder.window_tokens
        tokens = self._tokenizer.encode(PREFIXES[kind] + text, window_tokens=window)
        return self._encoder.encode(tokens)


class _Answers:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, answer: Answer) -> None:
        message = msgspec.msgpack.encode(answer)
        with self._lock, suppress(BrokenPipeError):
            self._stream.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
            self._stream.flush()


def _start(work: Callable[..., None], count: int, *arguments: object) -> None:
    for _ in range(count):
        threading.Thread(target=work, args=arguments, daemon=True).start()


def _work_on_passages(model: Model, waiting: "queue.SimpleQueue[Ask]", answers: _Answers) -> None:
    _give_way()
    _work(model, waiting, answers)


def _work(model: Model, waiting: "queue.SimpleQueue[Ask]", answers: _Answers) -> None:
    while True:
        ask = waiting.get()
        rows = np.stack([model.embed(text, kind=ask.kind) for text in ask.texts])
        answers.send(Vectors(id=ask.id, rows=rows.astype("<f4").tobytes()))


def _give_way() -> None:
    """Lower this thread's priority, where threads have one of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PASSAGE_NICENESS)


def _end(_: threading.ExceptHookArgs) -> None:
    os._exit(1)


def _receive(stream: BinaryIO) -> bytes | None:
    length = stream.read(LENGTH_BYTES)
    if len(length) < LENGTH_BYTES:
        return None
    return stream.read(int.from_bytes(length, "big"))


if __name__ == "__main__":
    main()
