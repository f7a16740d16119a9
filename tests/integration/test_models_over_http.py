"""What model endpoints do wrong, and what their users are told."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest

from groundwire.adapters.models.directory import ModelDirectory
from groundwire.adapters.models.extractive import ExtractiveModel
from groundwire.adapters.models.ollama import Ollama
from groundwire.adapters.models.openai_compatible import OpenAIEndpoint, OpenAIModel
from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from groundwire.adapters.models.upstream import Timeouts
from groundwire.model.errors import (
    ContextOverflow,
    GroundwireError,
    ModelUnavailable,
    UnknownModel,
    UpstreamTimeout,
)
from groundwire.ports.chat_model import ChatModel, ChatRequest, Delta, Finish, Message, ModelInfo

KEY = "sk-very-secret-key-0123456789"
IMPATIENT = Timeouts(first_token_s=0.2, idle_s=0.2, listing_s=0.2)
REQUEST = ChatRequest(messages=(Message(role="user", content="What?"),), question="What?")
INFO = ModelInfo(name="llama3:latest", provider="openai", window_tokens=4096)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


@pytest.fixture
async def model(server: ScriptedServer) -> AsyncIterator[OpenAIModel]:
    endpoint = OpenAIEndpoint(server.url, key=KEY, timeouts=IMPATIENT)
    yield endpoint.model(INFO)
    await endpoint.aclose()


async def parts_of(model: ChatModel) -> list[Delta | Finish]:
    return [part async for part in model.stream(REQUEST)]


async def text_of(model: ChatModel) -> str:
    return "".join(part.content for part in await parts_of(model) if isinstance(part, Delta))


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (401, '{"error": {"message": "Incorrect API key provided: KEY"}}', ModelUnavailable, "key"),
        (404, '{"error": "model not found"}', ModelUnavailable, "llama3:latest"),
        (429, '{"error": {"message": "slow down"}}', ModelUnavailable, "slow down"),
        (500, "<html>nginx</html>", ModelUnavailable, "failed"),
        (502, "x" * 10_000, ModelUnavailable, "failed"),
        (504, "", UpstreamTimeout, "gave up"),
        (302, "", ModelUnavailable, "refused"),
        (413, "", ContextOverflow, "window"),
        (400, '{"error": {"code": "context_length_exceeded"}}', ContextOverflow, ""),
        (400, '{"error": {"message": "the request exceeds the available context size"}}',
         ContextOverflow, "shorter"),
    ],
)  # fmt: skip
async def test_an_http_error_becomes_a_sentence_without_secrets(
    server: ScriptedServer,
    model: OpenAIModel,
    status: int,
    body: str,
    error: type[GroundwireError],
    says: str,
) -> None:
    server.enqueue(Reply(status=status, body=body.replace("KEY", KEY), content_type="text/plain"))

    with pytest.raises(error) as raised:
        await parts_of(model)

    assert says in raised.value.message
    assert KEY not in raised.value.message
    assert len(raised.value.message) < 500
    assert raised.value.message.endswith(".")


async def test_a_full_endpoint_says_when_to_come_back(
    server: ScriptedServer, model: OpenAIModel
) -> None:
    server.enqueue(Reply(status=429, headers={"Retry-After": "7"}))

    with pytest.raises(ModelUnavailable) as raised:
        await parts_of(model)

    assert raised.value.details["retryAfterMs"] == 7000


async def test_nobody_listening_is_told_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = OpenAIEndpoint(f"http://127.0.0.1:{free.getsockname()[1]}")

        with pytest.raises(ModelUnavailable, match="cannot be reached"):
            await parts_of(endpoint.model(INFO))
        await endpoint.aclose()


async def test_a_server_that_accepts_and_says_nothing_is_a_time_out() -> None:
    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    writers: list[asyncio.StreamWriter] = []
    listener = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    endpoint = OpenAIEndpoint(f"http://127.0.0.1:{port}", timeouts=IMPATIENT)
    began = time.monotonic()

    with pytest.raises(UpstreamTimeout):
        await parts_of(endpoint.model(INFO))
    with pytest.raises(UpstreamTimeout):
        await endpoint.list_models()

    assert time.monotonic() - began < 2
    await endpoint.aclose()
    for writer in writers:
        writer.close()
    listener.close()
    await listener.wait_closed()


@pytest.mark.parametrize(
    "raw",
    [
        b'data: {"choices": [{"delta": {"content"\n\n',
        b"data: 7\n\n",
        b'data: {"choices": [{"delta": {"content": 7}}]}\n\n',
    ],
)
async def test_a_stream_that_is_no_answer_is_an_error(
    server: ScriptedServer, model: OpenAIModel, raw: bytes
) -> None:
    server.enqueue(Reply(raw=(raw,)))

    with pytest.raises(ModelUnavailable, match="not an answer"):
        await parts_of(model)


async def test_an_error_inside_the_stream_is_told(
    server: ScriptedServer, model: OpenAIModel
) -> None:
    server.enqueue(Reply(raw=(b'data: {"error": {"message": "out of memory", "code": 500}}\n\n',)))

    with pytest.raises(ModelUnavailable, match="out of memory"):
        await parts_of(model)


async def test_comments_do_not_keep_a_silent_model_alive(
    server: ScriptedServer, model: OpenAIModel
) -> None:
    server.enqueue(Reply(raw=(b": still here\n\n",) * 100, pace_s=0.02))

    with pytest.raises(UpstreamTimeout):
        await parts_of(model)


async def test_characters_cut_by_the_network_arrive_whole(
    server: ScriptedServer, model: OpenAIModel
) -> None:
    stream = 'data: {"choices": [{"delta": {"content": "你好😀"}}]}\r\n\r\ndata: [DONE]\r\n\r\n'
    server.enqueue(Reply(raw=tuple(bytes([byte]) for byte in stream.encode())))

    assert await text_of(model) == "你好😀"


async def test_half_characters_of_the_model_are_joined_or_replaced(
    server: ScriptedServer, model: OpenAIModel
) -> None:
    halves = ["\\ud83d", "\\ude00 and ", "\\udead", "\\u0000"]
    raw = [f'data: {{"choices": [{{"delta": {{"content": "{h}"}}}}]}}\n\n'.encode() for h in halves]
    server.enqueue(Reply(raw=(*raw, b"data: [DONE]\n\n")))

    assert await text_of(model) == "😀 and \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"


async def test_reasoning_comes_apart_from_the_answer(server: ScriptedServer) -> None:
    endpoint, ollama = OpenAIEndpoint(server.url), Ollama(server.url)
    for model in (endpoint.model(INFO), ollama.model(INFO)):
        server.enqueue(Reply(thoughts=("Hm. ",), deltas=("Yes",)))

        assert (await parts_of(model))[:2] == [
            Delta(content="Hm. ", reasoning=True),
            Delta(content="Yes"),
        ]
    await endpoint.aclose()
    await ollama.aclose()


async def test_an_endpoint_that_never_says_done_after_its_reason_is_finished(
    server: ScriptedServer, model: OpenAIModel
) -> None:
    raw = b'data: {"choices": [{"delta": {"content": "Yes"}, "finish_reason": "stop"}]}\n\n'
    server.enqueue(Reply(raw=(raw,), end="hang"))

    assert (await parts_of(model))[-1] == Finish(reason="stop")


async def test_an_endpoint_that_does_not_stream_is_read_all_the_same(
    server: ScriptedServer, model: OpenAIModel
) -> None:
    server.enqueue(Reply(raw=(b'{"choices": [{"message": {"content": "Yes"}}]}',), json=True))

    assert await text_of(model) == "Yes"


async def test_a_field_that_an_endpoint_refuses_is_left_out(
    server: ScriptedServer, model: OpenAIModel
) -> None:
    server.enqueue(Reply(status=400, body='{"error": {"message": "Unsupported: max_tokens"}}'))
    server.enqueue(Reply(status=400, body='{"error": {"message": "Unsupported: temperature"}}'))
    server.enqueue(Reply(deltas=("Yes",)))

    assert await text_of(model) == "Yes"
    assert server.asked[-1].body["max_completion_tokens"] == REQUEST.max_tokens
    assert "temperature" not in server.asked[-1].body


async def test_cancelling_the_reader_cuts_the_request(
    server: ScriptedServer, model: OpenAIModel
) -> None:
    server.enqueue(Reply(deltas=("Yes",) * 1000, pace_s=0.02))
    reader = asyncio.create_task(parts_of(model))
    await server.until(lambda: bool(server.asked) and server.asked[0].deltas_sent > 2)
    began = time.monotonic()

    reader.cancel()
    await asyncio.wait([reader])
    await server.until(lambda: server.asked[0].cut_at is not None)

    assert (server.asked[0].cut_at or 0.0) - began < 0.2


async def test_the_key_is_sent_and_the_models_are_listed(server: ScriptedServer) -> None:
    server.models = ("small", "large")
    endpoint = OpenAIEndpoint(server.url + "/v1/", key=KEY)

    assert [info.name for info in await endpoint.list_models()] == ["small", "large"]
    await parts_of(endpoint.model(INFO))
    assert server.asked[0].authorization == f"Bearer {KEY}"
    await endpoint.aclose()


async def test_ollama_lists_what_can_chat_and_asks_for_one_window(server: ScriptedServer) -> None:
    server.models = ("llama3:latest", "nomic-embed-text:latest")
    ollama = Ollama(server.url)

    infos = await ollama.list_models()
    await parts_of(ollama.model(infos[0]))

    assert [(info.name, info.window_tokens) for info in infos] == [("llama3:latest", 8192)]
    assert server.asked[0].body["options"] == {
        "num_ctx": 8192,
        "num_predict": 1024,
        "temperature": 0.2,
    }
    await ollama.aclose()


async def test_an_error_of_ollama_inside_the_stream_is_told(server: ScriptedServer) -> None:
    ollama = Ollama(server.url)
    server.enqueue(Reply(raw=(b'{"error": "model runner has stopped"}\n',)))

    with pytest.raises(ModelUnavailable, match="runner has stopped"):
        await parts_of(ollama.model(INFO))
    await ollama.aclose()


async def test_the_configured_model_is_asked_though_its_endpoint_does_not_list_it(
    server: ScriptedServer,
) -> None:
    endpoint = OpenAIEndpoint(server.url, timeouts=IMPATIENT)
    models = ModelDirectory([endpoint], quoting=ExtractiveModel(), default="house-model")
    try:
        choice = await models.choose(None, language="en")
        assert choice.model.info.name == "house-model"
        with pytest.raises(UnknownModel):
            await models.choose("llama-nobody-has", language="en")
    finally:
        await models.aclose()
