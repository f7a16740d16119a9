"""What every `ChatModel` promises, over each way to an answer."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import msgspec
import pytest

from groundwire.adapters.models.ollama import OllamaModel
from groundwire.adapters.models.openai_compatible import OpenAIModel, with_version
from groundwire.adapters.models.scripted import End, Fail, Hang, ScriptedModel, Step, Use
from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from groundwire.adapters.models.upstream import Timeouts, Upstream
from groundwire.model.errors import ModelUnavailable, UpstreamTimeout
from groundwire.ports.chat_model import (
    Call,
    ChatModel,
    ChatRequest,
    Delta,
    Finish,
    Message,
    ModelInfo,
    ToolSpec,
)

TIMEOUTS = Timeouts(first_token_s=5.0, idle_s=5.0)
IMPATIENT = Timeouts(first_token_s=0.15, idle_s=0.15)
REQUEST = ChatRequest(
    messages=(Message(role="user", content="What is this?"),), question="What is this?"
)
READ = ToolSpec(name="read", description="Reads a page.", schema={"type": "object"})
OFFERED = msgspec.structs.replace(REQUEST, tools=(READ,))
CALLS = (
    Call(id="call-a", name="read", input={"page": "第一页", "lines": [1, 2]}),
    Call(id="call-b", name="read", input={}),
)


class Told:
    """A model that can be told what to say next, and asked whether it was stopped."""

    def __init__(
        self,
        model: ChatModel,
        tell: Callable[[Reply], None],
        stopped: Callable[[], Awaitable[None]],
    ) -> None:
        self.model = model
        self.tell = tell
        self.until_stopped = stopped


@asynccontextmanager
async def scripted(timeouts: Timeouts) -> AsyncGenerator[Told]:
    model = ScriptedModel()

    def tell(reply: Reply) -> None:
        steps = list[Step](reply.deltas)
        steps += [Use(call.name, call.input, call.id) for call in reply.calls]
        match reply.end:
            case "length":
                steps.append(End("length"))
            case "hang" if timeouts == IMPATIENT:
                steps.append(Fail(UpstreamTimeout("It is silent.")))
            case "hang":
                steps.append(Hang())
            case "no_finish" | "reset":
                steps.append(Fail(ModelUnavailable("It broke off.")))
            case "finish":
                pass
        model.enqueue(*steps)

    yield Told(model, tell, lambda: model.until_ended(1))


@asynccontextmanager
async def over_http(protocol: str, timeouts: Timeouts) -> AsyncGenerator[Told]:
    info = ModelInfo(name="llama3:latest", provider=protocol, window_tokens=4096)
    async with ScriptedServer() as server:
        openai = protocol == "openai"
        upstream = Upstream(
            with_version(server.url) if openai else server.url, label="It", timeouts=timeouts
        )
        model = OpenAIModel(upstream, info) if openai else OllamaModel(upstream, info)
        yield Told(
            model,
            server.enqueue,
            lambda: server.until(lambda: server.asked[-1].cut_at is not None),
        )
        await upstream.aclose()


@asynccontextmanager
async def told(way: str, timeouts: Timeouts = TIMEOUTS) -> AsyncGenerator[Told]:
    opened = scripted(timeouts) if way == "scripted" else over_http(way, timeouts)
    async with opened as told:
        yield told


@pytest.fixture(params=["scripted", "openai", "ollama"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def parts_of(model: ChatModel, request: ChatRequest = REQUEST) -> list[Delta | Finish]:
    return [part async for part in model.stream(request)]


async def test_deltas_come_in_order_and_one_finish_ends_them(way: str) -> None:
    async with told(way) as it:
        it.tell(Reply(deltas=("Hello", ", ", "世界", " 😀")))

        *deltas, finish = await parts_of(it.model)

    assert [d.content for d in deltas if isinstance(d, Delta)] == ["Hello", ", ", "世界", " 😀"]
    assert isinstance(finish, Finish)
    assert finish.reason == "stop"
    assert finish.completion_tokens == 4


async def test_an_answer_cut_by_its_token_limit_says_length(way: str) -> None:
    async with told(way) as it:
        it.tell(Reply(deltas=("Hello",), end="length"))

        finish = (await parts_of(it.model))[-1]

    assert isinstance(finish, Finish)
    assert finish.reason == "length"


@pytest.mark.parametrize("end", ["no_finish", "reset"])
async def test_a_stream_that_breaks_off_keeps_its_deltas_and_raises(way: str, end: str) -> None:
    async with told(way) as it:
        it.tell(Reply(deltas=("Hello",), end="reset" if end == "reset" else "no_finish"))
        stream = it.model.stream(REQUEST)

        assert await anext(stream) == Delta(content="Hello")
        with pytest.raises(ModelUnavailable):
            await anext(stream)


async def test_a_model_that_falls_silent_is_a_time_out(way: str) -> None:
    async with told(way, IMPATIENT) as it:
        it.tell(Reply(deltas=("Hello",), end="hang"))

        with pytest.raises(UpstreamTimeout):
            await parts_of(it.model)


async def test_closing_the_iterator_ends_the_generation(way: str) -> None:
    async with told(way) as it:
        it.tell(Reply(deltas=("Hello",), end="hang"))

        stream = it.model.stream(REQUEST)
        assert await anext(stream) == Delta(content="Hello")
        async with aclosing(stream):
            pass
        await it.until_stopped()


async def test_questions_asked_at_once_do_not_mix(way: str) -> None:
    async with told(way) as it:
        it.tell(Reply(deltas=("a", "b")))
        it.tell(Reply(deltas=("c", "d")))
        first, second = it.model.stream(REQUEST), it.model.stream(REQUEST)

        said = [await anext(first), await anext(second), await anext(first), await anext(second)]

    assert [d.content for d in said if isinstance(d, Delta)] == ["a", "c", "b", "d"]


async def test_a_count_of_tokens_grows_with_the_text(way: str) -> None:
    async with told(way) as it:
        counts = [it.model.count_tokens(text) for text in ("", "word", "word 词语", "词" * 100)]

    assert counts == sorted(counts)
    assert counts[-1] >= 60


async def test_tools_that_the_model_wants_come_with_the_finish_after_what_it_said(way: str) -> None:
    async with told(way) as it:
        it.tell(Reply(deltas=("I look.",), calls=CALLS))

        said, finish = await parts_of(it.model, OFFERED)

    assert said == Delta(content="I look.")
    assert isinstance(finish, Finish)
    assert finish.reason == "tool"
    assert finish.calls == CALLS


async def test_a_call_that_the_token_limit_cut_is_not_handed_on(way: str) -> None:
    async with told(way) as it:
        it.tell(Reply(deltas=("I look.",), calls=CALLS, end="length"))

        finish = (await parts_of(it.model, OFFERED))[-1]

    assert isinstance(finish, Finish)
    assert finish.reason == "length"
    assert finish.calls == ()


async def test_what_a_tool_said_can_be_told_to_the_model(way: str) -> None:
    asked = Message(role="assistant", content="", calls=CALLS)
    results = [Message(role="tool", content="It says so.", call=call.id) for call in CALLS]
    request = msgspec.structs.replace(OFFERED, messages=(*REQUEST.messages, asked, *results))
    async with told(way) as it:
        it.tell(Reply(deltas=("It says so.",)))

        said, finish = await parts_of(it.model, request)

    assert said == Delta(content="It says so.")
    assert isinstance(finish, Finish)
    assert finish.reason == "stop"
