"""What is done about a conversation's log after its turns, while nobody waits for it."""

import logging
from dataclasses import dataclass

from groundwire.conversation.recollect import catch_up
from groundwire.model.errors import GroundwireError, NotFound
from groundwire.ports.event_log import EventLog

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Brings checkpoints up once a turn is done."""

    log: EventLog

    async def run(self) -> None:
        while True:
            log = await self.log.next_end()
            try:
                await catch_up(self.log, log)
            except NotFound:
                continue
            except GroundwireError as error:
                # Whoever reads the log next tries again.
                logger.warning("what %s folds into cannot be kept: %s", log, error.message)
            except Exception:
                logger.exception("what %s folds into cannot be kept", log)
