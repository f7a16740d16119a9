"""Each log by asking again and again, where nothing may stay open."""

import httpx
import msgspec

from groundwire_client._http import HttpTransport, refuse
from groundwire_client._log import LogReader
from groundwire_client._problems import as_error
from groundwire_client._wire import Polled, Ready, decode_event
from groundwire_client.errors import ProtocolViolation, UnrecoverableCursor

WAIT_S = 25.0
SLACK_S = 20.0
LIMIT = 500


class PollTransport(HttpTransport):
    async def follow(self, reader: LogReader) -> None:
        # The first answer comes at once, and says whether the cursor is of use.
        wait_s = 0.0
        while reader.refusal is None:
            cursor = reader.cursor
            response = await self._ask(reader, cursor, wait_s)
            self._line.received(response.content)
            if response.status_code == 200:
                wait_s = self._take(reader, cursor, response.content, is_first=wait_s == 0.0)
            elif self._is_unrecoverable(response):
                reader.forget()
            else:
                refuse(reader, response, response.content)
                await self.until_begun(reader)

    async def _ask(self, reader: LogReader, cursor: str | None, wait_s: float) -> httpx.Response:
        params: dict[str, str | float] = {"wait": wait_s, "limit": LIMIT}
        if cursor is not None:
            params["cursor"] = cursor
        timeout = httpx.Timeout(10.0, read=wait_s + SLACK_S)
        return await self._http.get(f"{self.path_of(reader)}/poll", params=params, timeout=timeout)

    def _take(self, reader: LogReader, cursor: str | None, body: bytes, *, is_first: bool) -> float:
        """Give the reader what came; return how long the next answer may wait for something."""
        try:
            polled = msgspec.json.decode(body, type=Polled)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise ProtocolViolation(f"This is no answer to a poll: {error}.") from error
        epoch, _, _ = polled.cursor.rpartition(":")
        if cursor is None:
            reader.receive(Ready(epoch=epoch, head=polled.head))
        elif is_first:
            reader.receive(Ready(epoch=epoch, head=polled.head, resumed=True))
        if polled.snapshot is not None:
            reader.receive(polled.snapshot)
            self._line.heard(polled.snapshot)
        for raw in polled.events:
            recorded = decode_event(raw)
            reader.receive(recorded)
            self._line.heard(recorded)
        # After a snapshot the next answer comes at once as well.
        return 0.0 if cursor is None or polled.has_more else WAIT_S

    def _is_unrecoverable(self, response: httpx.Response) -> bool:
        error = as_error(response.status_code, response.headers, response.content)
        return isinstance(error, UnrecoverableCursor)
