"""The three ways to a server, by their names."""

from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from groundwire_client._address import Address
from groundwire_client._identity import Identity
from groundwire_client._ladder import TransportName
from groundwire_client._line import Line, Transport, kind_of
from groundwire_client._log import LogReader
from groundwire_client._poll import PollTransport
from groundwire_client._rest import Rest
from groundwire_client._sse import SseTransport
from groundwire_client._websocket import WebSocketTransport
from groundwire_client.errors import GroundwireError


@dataclass(frozen=True, slots=True)
class Transports:
    address: Address
    http: httpx.AsyncClient
    identity: Identity
    rest: Rest
    device: str

    def make(self, name: TransportName, line: Line) -> Transport:
        match name:
            case "websocket":
                return WebSocketTransport(self.address, line)
            case "sse":
                return SseTransport(self.http, self.identity, self.device, line)
            case "poll":
                return PollTransport(self.http, self.device, line)

    async def probe(self, name: TransportName, line: Line) -> bool:
        """Return whether this way is open, without a trace."""
        match name:
            case "websocket":
                return await WebSocketTransport(self.address, line).probe()
            case "sse":
                transport = SseTransport(self.http, self.identity, self.device, line)
                return all([await transport.probe(reader) for reader in _one_of(line)])
            case "poll":
                return True

    async def refusal(self, reader: LogReader) -> GroundwireError | None:
        """Return why a log may not be followed any longer, if so."""
        try:
            if reader.field == "sessionId":
                await self.rest.conversation(reader.id)
            else:
                await self.rest.workspace(reader.id)
        except GroundwireError as error:
            return error if kind_of(error) == "access" else None
        return None


def _one_of(line: Line) -> Iterable[LogReader]:
    return list(line.readers.values())[:1]
