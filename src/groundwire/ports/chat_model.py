from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol

import msgspec

from groundwire.model.passages import Passage

Language = Literal["en", "zh"]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The model wants a tool used; ``id`` is its own name for this call.

    ``problem`` is there if its input could not be read, and is empty then: the tool is not to be
    used, and the sentence is the result that the model gets.
    """

    id: str
    name: str
    input: dict[str, object]
    problem: str | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """``calls`` are an assistant's; ``call`` is the one whose result a ``tool`` message holds."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[Call, ...] = ()
    call: str | None = None


class ToolSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as a model is told of it; ``schema`` is the JSON Schema of its input."""

    name: str
    description: str
    schema: dict[str, object]


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is asked.

    ``messages`` is the whole prompt, already within the window. ``question`` and
    ``passages`` are what it was made of, for an answer that needs no model; passage n of
    the tuple is cited as ``[n]``, from 1. A question that asks several things has ``parts``.
    ``language`` is the asker's. ``tools`` are offered to a model that can call them.
    """

    messages: tuple[Message, ...]
    question: str
    parts: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()
    language: Language = "en"
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int = 1024
    temperature: float = 0.2


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the answer, or of the model's reasoning; never empty."""

    content: str
    reasoning: bool = False


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the stream. Token counts are the model's own, where it tells them.

    ``tool``: the model waits for the results of its ``calls``.
    """

    reason: Literal["stop", "length", "tool"]
    calls: tuple[Call, ...] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A model as the page and `groundwire doctor` show it.

    ``grounded`` says whether our own check found it able to answer from passages with
    citations; ``None`` is not measured. ``provider`` is where it runs: ``embedded``,
    ``ollama``, ``openai``, ``extractive``, ``scripted``. ``tools``: it can be offered tools.
    """

    name: str
    provider: str
    window_tokens: int
    grounded: bool | None = None
    languages: tuple[str, ...] = ()
    tools: bool = False


class ChatModel(Protocol):
    """One way to an answer."""

    @property
    def info(self) -> ModelInfo: ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finish]:
        """Yield deltas as they are made, then exactly one ``Finish``.

        Closing the iterator (or cancelling the task that reads it) ends the generation:
        a request over HTTP is gone at once, an embedded model's core is free at the end of
        its running batch. Raises ``ModelUnavailable`` when the model cannot be reached,
        answers with an error or ends its stream without a finish, ``UpstreamTimeout`` when
        it is silent for longer than its limit, ``ContextOverflow`` when the prompt does not
        fit; each in bounded time.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens ``text`` takes, or a safe upper estimate."""
        ...


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The model that a question gets, and why, in a sentence in the asker's language."""

    model: ChatModel
    why: str


class Models(Protocol):
    """The models that there are, from every provider."""

    async def list_models(self) -> Sequence[ModelInfo]:
        """Return every model that can be asked now; asks the providers, bounded in time."""
        ...

    async def choose(
        self, name: str | None, *, language: Language, grounded: bool = True
    ) -> Choice:
        """Return the model called ``name``, or the best there is for ``None`` and ``auto``.

        ``grounded`` says whether the answer is to rest on passages; without documents a weaker
        model will do. A model that is named is never refused for being weak. Raises
        ``UnknownModel``, which lists the names there are.
        """
        ...

    async def aclose(self) -> None: ...
