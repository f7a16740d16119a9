"""Commands wait for their answers, in their order, and never more than a few."""

import pytest

from groundwire_client._outbox import Outbox
from groundwire_client._wire import Ack, Cancel
from groundwire_client.errors import Closed, OutboxFull


def cancel(id: str) -> Cancel:
    return Cancel(id=id, session_id="c")


async def test_each_command_gets_its_own_answer() -> None:
    outbox = Outbox()
    first, second = outbox.put(cancel("m1")), outbox.put(cancel("m2"))
    assert [command.id for command in outbox] == ["m1", "m2"]

    outbox.answered("m2", Ack(ref="m2"))
    outbox.answered("m2", Ack(ref="again"))
    outbox.answered("unknown", Ack())
    outbox.refused("m1", Closed("No."))

    assert (await second) == Ack(ref="m2")
    with pytest.raises(Closed):
        await first
    assert list(outbox) == []


async def test_what_is_forgotten_is_not_sent_again_and_its_answer_is_nobodys() -> None:
    outbox = Outbox()
    answer = outbox.put(cancel("m1"))

    outbox.forget("m1")
    outbox.answered("m1", Ack())

    assert list(outbox) == []
    assert not answer.done()


async def test_one_too_many_is_refused() -> None:
    outbox = Outbox(bound=2)
    outbox.put(cancel("m1"))
    outbox.put(cancel("m2"))

    with pytest.raises(OutboxFull):
        outbox.put(cancel("m3"))

    outbox.answered("m1", Ack())
    outbox.put(cancel("m3"))


async def test_in_the_end_everybody_is_told() -> None:
    outbox = Outbox()
    answers = [outbox.put(cancel(f"m{n}")) for n in range(3)]
    answers[0].cancel()

    outbox.fail(Closed("Closed."))

    for answer in answers[1:]:
        with pytest.raises(Closed):
            await answer
