"""Commands over HTTP: one in a request, answered by the frame that the socket would send."""

from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from groundwire.model.errors import InvalidField
from groundwire.model.ids import NewId
from groundwire.transport import frames
from groundwire.transport.attempts import Attempts
from groundwire.transport.bodies import answer, read_bytes
from groundwire.transport.commands import Commands
from groundwire.transport.company import Sender
from groundwire.transport.frames import ClientFrame, decode
from groundwire.transport.identity import Doorkeeper, device_of

Keyed = frames.ChatMessage | frames.Regenerate | frames.Edit | frames.Steer
OfConnection = frames.Auth | frames.Attach | frames.Detach

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Posts:
    """``attempts`` count the commands of each principal, as a socket counts its own."""

    commands: Commands
    doorkeeper: Doorkeeper
    attempts: Attempts
    new_id: NewId
    frame_bytes: int

    def routes(self) -> list[Route]:
        return [Route("/conversations/{id}/commands", self.command, methods=["POST"])]

    async def command(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        self.attempts.check(identity.principal.id)
        body = await read_bytes(request, self.frame_bytes)
        frame = _of_session(body, request.path_params["id"])
        frame = _with_key(frame, request.headers.get("idempotency-key"))
        await self.commands.prepare(frame)
        sender = Sender(identity, self.new_id("cn"), device_of(request))
        done = await self.commands.run(sender, frame)
        return answer(done.replies[0])


def _of_session(body: bytes, session: str) -> ClientFrame:
    """Return the frame, which need not say what the path says already."""
    try:
        fields = _fields.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        # No object: what is wrong with it is told as on the socket.
        fields = {}
    if fields:
        fields.setdefault("sessionId", msgspec.Raw(msgspec.json.encode(session)))
        body = msgspec.json.encode(fields)
    frame = decode(body)
    if isinstance(frame, OfConnection):
        raise InvalidField(
            "type",
            "There is no connection here: send a token with each request, and follow the log "
            "by `events` or `poll`.",
        )
    if not isinstance(frame, frames.Ping) and frame.session_id != session:
        raise InvalidField("sessionId", "This `sessionId` is not that of the path.")
    return frame


def _with_key(frame: ClientFrame, key: str | None) -> ClientFrame:
    """Return the frame under its ``Idempotency-Key``, if it is one that has such a thing."""
    if key is None or not isinstance(frame, Keyed) or frame.client_message_id == key:
        return frame
    if frame.client_message_id is not None:
        raise InvalidField(
            "clientMessageId", "`clientMessageId` and `Idempotency-Key` differ. Send one of them."
        )
    return msgspec.structs.replace(frame, client_message_id=key)
