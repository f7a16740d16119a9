"""E-mail (EML): what was written, by whom and when; attachments are its members."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial

from groundwire.adapters.parsers.assemble import Assembler
from groundwire.adapters.parsers.file import File
from groundwire.adapters.parsers.markup import parse_html
from groundwire.adapters.parsers.members import Container, Member
from groundwire.adapters.parsers.parts import unique
from groundwire.adapters.parsers.text import decode, parse_text
from groundwire.model.documents import Parsed
from groundwire.model.errors import UnreadableDocument

_FIELD = re.compile(
    rb"^(?:received|return-path|delivered-to|mime-version|date|subject|message-id|from|to|cc"
    rb"|x-[a-z-]+|dkim-signature|content-type|reply-to|in-reply-to|references|sender):[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_ANY_FIELD = re.compile(rb"[!-9;-~]+:")
FIELDS = ("Subject", "From", "To", "Cc", "Date")
_SIGNATURES = (
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
)
_PGP = "-----BEGIN PGP MESSAGE-----"
MAX_DEPTH = 30


def is_mail(file: File, head: bytes) -> bool:
    """Say whether ``head`` begins with the fields of a mail; without its suffix, with several."""
    fields = head.lstrip(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if not _ANY_FIELD.match(fields):
        return False
    known = {field.lower() for field in _FIELD.findall(fields)}
    return len(known) >= (1 if file.suffix == ".eml" else 3)


def open_mail(file: File) -> Container:
    """Raises ``UnreadableDocument`` (encrypted, unknown_type)."""
    message = message_from_bytes(file.content(), policy=default)
    assert isinstance(message, EmailMessage)
    return contain(message, file.name)


def contain(message: EmailMessage, name: str) -> Container:
    """Return the parts of ``message``; ``name`` is what the file, or its member, is called."""
    _refuse_hidden(message)
    leaves = list(_leaves(message))
    attached = [leaf for leaf in leaves if _is_attachment(leaf)]
    bodies = [leaf for leaf in leaves if not _is_attachment(leaf)]
    names = unique(_name(leaf, number) for number, leaf in enumerate(attached, start=1))
    own = write_letter(
        {field: _field(message, field) for field in FIELDS},
        plain=_texts(bodies, "text/plain"),
        html=_texts(bodies, "text/html"),
        name=name,
    )
    members = [
        Member(each, partial(_content, leaf)) for each, leaf in zip(names, attached, strict=True)
    ]
    return Container(members, own)


def write_letter(fields: dict[str, str], *, plain: str, html: str, name: str) -> Parsed:
    """Return what a mail says itself, under its subject unless that is its ``name`` already.

    Raises ``UnreadableDocument`` (encrypted) for a text that is.
    """
    if _PGP in plain:
        raise encrypted()
    assembler = Assembler()
    if fields.get("Subject", name) != name:
        assembler.heading(fields["Subject"], 0)
    assembler.text("\n".join(f"{field}: {value}" for field, value in fields.items() if value))
    if plain.strip():
        parse_text(plain, assembler)
    elif html.strip():
        parse_html(html, assembler)
    return Parsed(blocks=tuple(assembler.blocks))


def _leaves(part: EmailMessage, depth: int = 0) -> Iterator[EmailMessage]:
    """Yield the parts that hold something; a mail within a mail is one part."""
    if not part.is_multipart() or part.get_content_type() == "message/rfc822":
        yield part
    elif depth < MAX_DEPTH:
        for each in part.iter_parts():
            assert isinstance(each, EmailMessage)
            yield from _leaves(each, depth + 1)


def _is_attachment(part: EmailMessage) -> bool:
    """Say whether the part is a file: not a body, a picture in one, or a signature."""
    kind = part.get_content_type()
    if kind in _SIGNATURES or (kind.startswith("image/") and not part.is_attachment()):
        return False
    is_body = kind in ("text/plain", "text/html") and not part.get_filename()
    return part.is_attachment() or not (is_body or kind.startswith("multipart/"))


def _texts(parts: list[EmailMessage], kind: str) -> str:
    return "\n\n".join(_text(part) for part in parts if part.get_content_type() == kind)


def _text(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset() or "ascii")
    except (LookupError, UnicodeDecodeError):
        return decode(payload) or ""


def _content(part: EmailMessage) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = list(part.iter_parts())
        return inner[0].as_bytes() if inner else b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _name(part: EmailMessage, number: int) -> str:
    name = part.get_filename()
    if not name and part.get_content_type() == "message/rfc822":
        inner = next(iter(part.iter_parts()), None)
        name = f"{_field(inner, 'Subject')}.eml" if isinstance(inner, EmailMessage) else None
    return (name or f"{number}").replace("/", "_")


def _field(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, IndexError, AttributeError):  # what `email` makes of broken fields
        return ""


def _refuse_hidden(message: EmailMessage) -> None:
    kind = message.get_content_type()
    wrapped = kind in ("application/pkcs7-mime", "application/x-pkcs7-mime")
    if wrapped and message.get_param("smime-type") == "signed-data":
        raise UnreadableDocument(
            "unknown_type",
            "This mail is wrapped in its signature. Save it from your mail program as text.",
        )
    if wrapped or kind == "multipart/encrypted":
        raise encrypted()


def encrypted() -> UnreadableDocument:
    return UnreadableDocument(
        "encrypted",
        "This mail is encrypted. Open it in your mail program and save it decrypted, or as text.",
    )
