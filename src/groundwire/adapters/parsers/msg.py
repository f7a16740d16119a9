"""Mail as Outlook keeps it (MSG), turned into mail as everybody sends it."""

# olefile and compressed_rtf have no type stubs; what comes from it is checked where it enters.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

import olefile
from compressed_rtf import decompress

from groundwire.adapters.parsers.archive import broken
from groundwire.adapters.parsers.file import File
from groundwire.adapters.parsers.mail import contain, encrypted
from groundwire.adapters.parsers.members import Container
from groundwire.adapters.parsers.text import decode

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_DEPTH = 3
# What a text that is RTF is called, as if it were attached.
RICH = "message.rtf"
_PROPERTIES = "__properties_version1.0"
_ATTACHMENT = "__attach_version1.0_#"
# The numbers of the properties that are read, and of their types.
_CLASS, _SUBJECT, _SUBMITTED, _DELIVERED, _BODY, _HTML = 0x1A, 0x37, 0x39, 0xE06, 0x1000, 0x1013
_RTF = 0x1009
_SENDER, _SENDER_ADDRESS, _TO, _CC = 0xC1A, 0x5D01, 0xE04, 0xE03
_DATA, _LONG_NAME, _SHORT_NAME, _CONTENT_ID = 0x3701, 0x3707, 0x3704, 0x3712
_UNICODE, _STRING, _BINARY, _TIME = 0x1F, 0x1E, 0x102, 0x40
_EMBEDDED = "__substg1.0_3701000D"
_Path = tuple[str, ...]
if TYPE_CHECKING:
    Ole = olefile.OleFileIO[str]


@contextmanager
def open_msg(file: File) -> Generator[Container | None]:
    """Open a mail; ``None`` if this is some other file of an Office program."""
    try:
        ole = olefile.OleFileIO(file.open())
    except Exception as error:  # what olefile raises for what is none, it does not say
        if file.suffix == ".msg":
            raise broken() from error
        yield None
        return
    with ole:
        yield contain(_message(ole, ()), file.name) if ole.exists(_PROPERTIES) else None


def _message(ole: "Ole", at: _Path) -> EmailMessage:
    """Return the message that is kept at ``at``, which has further ones among its attachments."""
    kind = _text(ole, at, _CLASS)
    signed = kind.endswith("MultipartSigned")
    if "SMIME" in kind and not signed:
        raise encrypted()
    message = EmailMessage()
    for field, value in _fields(ole, at):
        if value:
            message[field] = " ".join(value.split())
    plain, html = _text(ole, at, _BODY), _text(ole, at, _HTML)
    message.set_content(plain or html, subtype="plain" if plain.strip() or not html else "html")
    if not plain.strip() and not html and (rich := _rich(ole, at)):
        message.add_attachment(rich, maintype="application", subtype="rtf", filename=RICH)
    for attachment in _attachments(ole, at):
        _attach(message, ole, attachment, signed=signed)
    return message


def _fields(ole: "Ole", at: _Path) -> Iterator[tuple[str, str]]:
    address = _text(ole, at, _SENDER_ADDRESS)
    sender = _text(ole, at, _SENDER)
    yield "Subject", _text(ole, at, _SUBJECT)
    yield "From", f"{sender} <{address}>" if address and address != sender else sender
    yield "To", _text(ole, at, _TO)
    yield "Cc", _text(ole, at, _CC)
    moment = _moment(ole, at)
    yield "Date", format_datetime(moment) if moment else ""


def _attachments(ole: "Ole", at: _Path) -> list[_Path]:
    return sorted(
        {
            tuple(entry[: len(at) + 1])
            for entry in ole.listdir(streams=True, storages=True)
            if tuple(entry[: len(at)]) == at
            and len(entry) > len(at)
            and entry[len(at)].startswith(_ATTACHMENT)
        }
    )


def _attach(message: EmailMessage, ole: "Ole", at: _Path, *, signed: bool) -> None:
    inner = (*at, _EMBEDDED)
    if ole.exists(inner):
        if len(inner) < 2 * MAX_DEPTH:
            message.add_attachment(_message(ole, inner))
        return
    content = _stream(ole, at, _DATA, _BINARY)
    name = _text(ole, at, _LONG_NAME) or _text(ole, at, _SHORT_NAME)
    if not content or (_text(ole, at, _CONTENT_ID) and name.lower().endswith(_PICTURES)):
        return  # a picture within the text
    name = "message.eml" if signed and name == "smime.p7m" else name or "attachment"
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)


_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")


def _text(ole: "Ole", at: _Path, property: int) -> str:
    wide = _stream(ole, at, property, _UNICODE)
    if wide:
        return wide.decode("utf-16-le", "replace").rstrip("\0")
    narrow = _stream(ole, at, property, _STRING) or _stream(ole, at, property, _BINARY)
    return (decode(narrow) or "").rstrip("\0")


def _rich(ole: "Ole", at: _Path) -> bytes:
    """Return the text as RTF, which some programs keep alone; as it is if it cannot be unpacked.

    Then it is no RTF, which whoever reads it says.
    """
    packed = _stream(ole, at, _RTF, _BINARY)
    try:
        return packed and bytes(decompress(packed))
    except Exception:  # noqa: BLE001 (it raises nothing more exact)
        return packed


def _stream(ole: "Ole", at: _Path, property: int, kind: int) -> bytes:
    path = [*at, f"__substg1.0_{property:04X}{kind:04X}"]
    if not ole.exists(path):
        return b""
    return bytes(ole.openstream(path).read())


def _moment(ole: "Ole", at: _Path) -> datetime | None:
    """Return when the mail was sent: one of the properties that are kept in a table."""
    path = [*at, _PROPERTIES]
    if not ole.exists(path):
        return None
    table = bytes(ole.openstream(path).read())[24 if at else 32 :]
    for start in range(0, len(table) - 15, 16):
        tag = int.from_bytes(table[start : start + 4], "little")
        if tag in (_SUBMITTED << 16 | _TIME, _DELIVERED << 16 | _TIME):
            ticks = int.from_bytes(table[start + 8 : start + 16], "little")
            return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
    return None
