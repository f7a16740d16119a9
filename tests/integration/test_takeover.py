"""The server stops in the middle of an answer: the next one goes on with it (G5)."""

from pathlib import Path

from groundwire.adapters.models.scripted import Hang, Step
from tests.support.server import serve
from tests.support.socket import Folded, eventually


async def leave(data: Path, seen: Folded, *steps: Step) -> tuple[str, str]:
    """Serve ``data`` until an answer has said ``steps``; return its session and turn."""
    async with serve(data) as served, served.connect() as client:
        served.script(*steps, Hang())
        ack = await client.ask("s", "Tell me.", clientMessageId="k")
        said = sum(isinstance(step, str) for step in steps)
        while said:
            frame = await client.receive()
            seen.fold(frame)
            said -= frame["type"] == "token"
        await eventually(lambda: bool(served.model.requests))
        return "s", ack["turnId"]


async def test_an_answer_is_written_anew_and_clients_see_one(tmp_path: Path) -> None:
    seen = Folded()
    session, turn = await leave(tmp_path, seen, "Half an ", "answer")
    async with serve(tmp_path) as served:
        async with served.connect(f"sessionId={session}&cursor={seen.cursor}") as client:
            events = await client.turn(turn)
        for event in events:
            seen.fold(event)
        (message,) = seen.hashes
        assert seen.is_proved(message)
        assert seen.texts[message] == "Tell me."
        kinds = [event["type"] for event in events]
        assert kinds.count("answer.reset") == kinds.count("done") == 1
        assert "turn.started" not in kinds
        assert events[-1]["finishReason"] == "stop"


async def test_an_answer_that_had_said_nothing_is_not_reset(tmp_path: Path) -> None:
    _, turn = await leave(tmp_path, Folded())
    async with serve(tmp_path) as served, served.connect("sessionId=s&cursor=0") as client:
        kinds = [event["type"] for event in await client.turn(turn)]
        assert "answer.reset" not in kinds
        assert kinds.count("turn.started") == 1


async def test_who_asks_again_after_the_restart_gets_the_same_turn(tmp_path: Path) -> None:
    _, turn = await leave(tmp_path, Folded(), "Half")
    async with serve(tmp_path) as served, served.connect() as client:
        ack = await client.ask("s", "Tell me.", clientMessageId="k")
        assert (ack["turnId"], ack["duplicate"]) == (turn, True)


async def test_what_waited_is_answered_after_the_one_that_ran(tmp_path: Path) -> None:
    async with serve(tmp_path) as served, served.connect() as client:
        served.script("Half", Hang())
        first = await client.ask("s", "One.")
        await client.next("token")
        second = await client.ask("s", "Two.")
    async with serve(tmp_path) as served, served.connect("sessionId=s&cursor=0") as client:
        assert (await client.turn(first["turnId"]))[-1]["finishReason"] == "stop"
        assert (await client.turn(second["turnId"]))[-1]["finishReason"] == "stop"


async def test_an_answer_that_ends_every_server_is_given_up(tmp_path: Path) -> None:
    _, turn = await leave(tmp_path, Folded(), "Half")
    for _ in range(2):
        async with serve(tmp_path, scripts=[("Half", Hang())]) as served:
            await eventually(lambda served=served: bool(served.model.requests))
    async with serve(tmp_path) as served, served.connect("sessionId=s&cursor=0") as client:
        events = await client.turn(turn)
        assert events[-1]["finishReason"] == "interrupted"
        assert events[-2]["code"] == "interrupted"
