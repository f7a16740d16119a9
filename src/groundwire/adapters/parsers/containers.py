"""Which files hold others."""

from collections.abc import Generator
from contextlib import contextmanager

from groundwire.adapters.parsers import mail, mbox, msg, zipped
from groundwire.adapters.parsers.file import File
from groundwire.adapters.parsers.members import Container
from groundwire.model.documents import Parsed, Unread

MAX_MEMBERS = 10_000


def limited(container: Container) -> Container:
    """Return ``container`` with no more members than are read, and a word about the others."""
    more = len(container.members) - MAX_MEMBERS
    if more <= 0:
        return container
    reason = f"Of one file, {MAX_MEMBERS:,} files are read; {more:,} are left out. Split it."
    unread = Unread(where="…", code="too_large", reason=reason)
    own = Parsed(blocks=container.own.blocks, unread=(*container.own.unread, unread))
    return Container(container.members[:MAX_MEMBERS], own)


@contextmanager
def open_container(file: File) -> Generator[Container | None]:
    """Open ``file``; ``None`` if it is no archive and no mail. Raises ``UnreadableDocument``."""
    head = file.head(4096)
    if head.startswith(zipped.MAGIC):
        with zipped.open_zip(file) as container:
            yield container and limited(container)
    elif head.startswith(msg.MAGIC):
        with msg.open_msg(file) as container:
            yield container and limited(container)
    elif mbox.is_mbox(head):
        with mbox.open_mbox(file) as container:
            yield limited(container)
    elif mail.is_mail(file, head):
        yield limited(mail.open_mail(file))
    else:
        yield None
