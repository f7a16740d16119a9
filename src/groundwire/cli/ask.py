"""`groundwire ask` and `groundwire ingest`: the main job in a terminal, without a server."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from groundwire.cli.session import Session, open_session
from groundwire.cli.taken import Events
from groundwire.model.errors import GroundwireError, InvalidField
from groundwire.model.events import (
    Citation,
    Done,
    Progress,
    Sources,
    Token,
    TurnFailed,
    decode_conversation_event,
)
from groundwire.model.places import describe_place
from groundwire.model.sources import Source
from groundwire.model.workspace_events import (
    DocumentChunking,
    DocumentEmbedding,
    DocumentEvent,
    DocumentFailed,
    DocumentParsing,
    DocumentReady,
    decode_workspace_event,
)
from groundwire.settings import load


@dataclass(frozen=True, slots=True)
class Wish:
    question: str
    files: Sequence[Path]
    workspace: str | None
    model: str | None
    now: bool


async def ask(flags: Mapping[str, object], wish: Wish) -> int:
    """Take the files in, ask, and print the answer as it is made, then its sources."""
    _require_files(wish.files)
    async with open_session(load(flags).settings) as session:
        workspace = await session.workspace(wish.workspace or _shelf_name(wish.files))
        failed = await _take_in(session, workspace, wish.files, until_words=wish.now)
        answered = await _answer(session, workspace, wish)
    return 0 if answered and not failed else 1


async def ingest(
    flags: Mapping[str, object], files: Sequence[Path], *, workspace: str | None
) -> int:
    """Take the files in and wait until each is ready or has failed; 1 if one failed."""
    _require_files(files)
    async with open_session(load(flags).settings) as session:
        found = await session.workspace(workspace)
        failed = await _take_in(session, found, files, until_words=False)
    return 1 if failed else 0


def _require_files(files: Sequence[Path]) -> None:
    for path in files:
        if not path.is_file():
            raise InvalidField("file", f"There is no file {path}.")


def _shelf_name(files: Sequence[Path]) -> str | None:
    """Return one name for one set of files, so that asking again does not read them again."""
    if not files:
        return None
    hashes = sorted(sha256(path.read_bytes()).hexdigest() for path in files)
    names = ", ".join(path.name for path in files)
    return f"{names[:60]} ({sha256(''.join(hashes).encode()).hexdigest()[:8]})"


async def _take_in(
    session: Session, workspace: str, files: Sequence[Path], *, until_words: bool
) -> int:
    """Upload ``files`` and show how far they come; returns how many failed."""
    failed = 0
    waited_for: set[str] = set()
    async with session.documents(workspace) as events:
        for path in files:
            try:
                taken = await session.upload(workspace, path)
            except GroundwireError as error:
                _note(f"{path.name}: {error.message}")
                failed += 1
                continue
            if taken.searchable not in (("words", "meaning") if until_words else ("meaning",)):
                waited_for.add(taken.id)
        return failed + await _watch(events, waited_for, until_words=until_words)


async def _watch(events: Events, waited_for: set[str], *, until_words: bool) -> int:
    """Show what becomes of ``waited_for`` until all is over; returns how many failed."""
    failed = 0
    while waited_for:
        event = decode_workspace_event(await anext(events))
        if not isinstance(event, DocumentEvent) or event.document_id not in waited_for:
            continue
        _show(event)
        failed += isinstance(event, DocumentFailed)
        if _is_over(event, until_words=until_words):
            waited_for.discard(event.document_id)
    return failed


def _is_over(event: DocumentEvent, *, until_words: bool) -> bool:
    if isinstance(event, DocumentReady | DocumentFailed):
        return True
    return until_words and isinstance(event, DocumentEmbedding)


def _show(event: DocumentEvent) -> None:
    match event:
        case DocumentParsing():
            _note(f"{event.title}: reading…")
        case DocumentChunking():
            _note(f"{event.title}: cutting into passages…")
        case DocumentEmbedding():
            _note(f"{event.title}: embedding {event.done} of {event.total}", again=True)
        case DocumentReady():
            _note(f"{event.title}: ready, {event.chunks} passages")
        case DocumentFailed():
            _note(f"{event.title}: {event.reason}")
        case _:
            pass


async def _answer(session: Session, workspace: str, wish: Wish) -> bool:
    """Print the answer while it is written; returns whether it was completed."""
    sources: tuple[Source, ...] = ()
    citations: list[Citation] = []
    async with aclosing(session.ask(workspace, wish.question, wish.model)) as events:
        async for data in events:
            match decode_conversation_event(data):
                case Progress(msg=msg):
                    _note(msg)
                case Sources(items=items):
                    sources = items
                case Citation() as citation:
                    citations.append(citation)
                case Token(content=content):
                    print(content, end="", flush=True)  # noqa: T201
                case TurnFailed(message=message):
                    _note(f"\n{message}")
                case Done(finish_reason=reason):
                    print()  # noqa: T201
                    _list_sources(sources, citations)
                    return reason in ("stop", "length")
                case _:
                    pass
    return False


def _list_sources(sources: Sequence[Source], citations: Sequence[Citation]) -> None:
    for source in sources:
        cited = [each for each in citations if each.source_id == source.id]
        for where in dict.fromkeys(_where(source, each) for each in cited or [source]):
            print(f"  [{source.n}] {where}")  # noqa: T201


def _where(source: Source, quoted: Citation | Source) -> str:
    place = describe_place(quoted.page, quoted.place)
    return " › ".join([source.title, *quoted.headings]) + (place and f", {place}")


def _note(line: str, *, again: bool = False) -> None:
    """Tell on standard error what goes on; ``again`` writes over the line before."""
    is_terminal = sys.stderr.isatty()
    if again and not is_terminal:
        return
    end = "\r" if again else "\n"
    print(f"\x1b[2K{line}" if is_terminal else line, end=end, file=sys.stderr, flush=True)  # noqa: T201
