"""The one reader of a log."""

import pytest

from groundwire.adapters.memory import MemoryEventLog
from groundwire.bootstrap import utc_now
from groundwire.conversation.follow import follow
from groundwire.conversation.merge import merge
from groundwire.conversation.recollect import catch_up
from groundwire.model.errors import NotFound, Overloaded
from groundwire.model.ids import ConversationId, conversation_log
from tests.support.turns import converse

LOG = conversation_log(ConversationId("alice"))


async def test_who_comes_to_the_middle_of_what_is_merged_just_then_is_told_to_come_again() -> None:
    log = MemoryEventLog(utc_now)
    await log.create(LOG, name="test_123")
    await converse(log, LOG, 1)
    await catch_up(log, LOG)
    merged, up_to = merge(await log.read(LOG, after=0, limit=100), more=False)
    await log.compact(LOG, merged, up_to=up_to)

    # Not that it is gone: a client would not come back.
    with pytest.raises(Overloaded) as caught:
        await anext(follow(log, LOG, after=merged[0].first))

    assert caught.value.retryable
    assert not isinstance(caught.value, NotFound)
