"""`groundwire ask` and `groundwire ingest`: the main job in a terminal, without a server."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from groundwire.app import Asking
from groundwire.bootstrap import Groundwire, open_groundwire
from groundwire.conversation.follow import follow
from groundwire.model.access import Identity
from groundwire.model.documents import Document
from groundwire.model.errors import GroundwireError, InvalidField
from groundwire.model.events import (
    DocumentChunking,
    DocumentEmbedding,
    DocumentEvent,
    DocumentFailed,
    DocumentParsing,
    DocumentReady,
    Done,
    Progress,
    Source,
    Sources,
    Token,
    TurnFailed,
    decode_conversation_event,
    decode_workspace_event,
)
from groundwire.model.ids import DocumentId, LogId, WorkspaceId, conversation_log, workspace_log
from groundwire.settings import load

READ_BYTES = 262_144


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
    async with open_groundwire(load(flags).settings) as groundwire:
        identity = await groundwire.authenticator.local_identity()
        name = wish.workspace or _shelf_name(wish.files)
        workspace = await _workspace(groundwire, identity, name)
        failed = await _take_in(groundwire, identity, workspace, wish.files, until_words=wish.now)
        answered = await _answer(groundwire, identity, workspace, wish)
    return 0 if answered and not failed else 1


async def ingest(
    flags: Mapping[str, object], files: Sequence[Path], *, workspace: str | None
) -> int:
    """Take the files in and wait until each is ready or has failed; 1 if one failed."""
    _require_files(files)
    async with open_groundwire(load(flags).settings) as groundwire:
        identity = await groundwire.authenticator.local_identity()
        found = await _workspace(groundwire, identity, workspace)
        failed = await _take_in(groundwire, identity, found, files, until_words=False)
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


async def _workspace(groundwire: Groundwire, identity: Identity, name: str | None) -> WorkspaceId:
    library = groundwire.assistant.library
    if name is None:
        return await library.default_workspace(identity)
    for workspace in await library.list_workspaces(identity):
        if name in (workspace.name, workspace.id):
            return workspace.id
    return (await library.create_workspace(identity, name)).id


async def _take_in(
    groundwire: Groundwire,
    identity: Identity,
    workspace: WorkspaceId,
    files: Sequence[Path],
    *,
    until_words: bool,
) -> int:
    """Upload ``files`` and show how far they come; returns how many failed."""
    log = workspace_log(workspace)
    head = await groundwire.assistant.log.head(log)
    failed = 0
    waited_for: set[DocumentId] = set()
    for path in files:
        try:
            document = await groundwire.assistant.library.upload(
                identity, workspace, path.name, _content(path)
            )
        except GroundwireError as error:
            _note(f"{path.name}: {error.message}")
            failed += 1
            continue
        if not _is_enough(document, until_words=until_words):
            waited_for.add(document.id)
    failed += await _watch(groundwire, log, head.seq, waited_for, until_words=until_words)
    return failed


async def _watch(
    groundwire: Groundwire,
    log: LogId,
    after: int,
    waited_for: set[DocumentId],
    *,
    until_words: bool,
) -> int:
    """Show what becomes of ``waited_for`` until all is over; returns how many failed."""
    failed = 0
    async with aclosing(follow(groundwire.assistant.log, log, after=after)) as batches:
        while waited_for:
            for recorded in await anext(batches):
                event = decode_workspace_event(recorded.data)
                if event is None or event.document_id not in waited_for:
                    continue
                _show(event)
                failed += isinstance(event, DocumentFailed)
                if _is_over(event, until_words=until_words):
                    waited_for.discard(event.document_id)
    return failed


def _is_enough(document: Document, *, until_words: bool) -> bool:
    return document.searchable == "meaning" or (until_words and document.searchable == "words")


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


async def _answer(
    groundwire: Groundwire, identity: Identity, workspace: WorkspaceId, wish: Wish
) -> bool:
    """Print the answer while it is written; returns whether it was completed."""
    assistant = groundwire.assistant
    conversation = await assistant.begin(identity, workspace)
    asking = Asking(session=conversation.name, content=wish.question, model=wish.model)
    await assistant.ask(identity, asking)
    sources: tuple[Source, ...] = ()
    log = conversation_log(conversation.id)
    async with aclosing(follow(assistant.log, log, after=0)) as batches:
        async for batch in batches:
            for recorded in batch:
                match decode_conversation_event(recorded.data):
                    case Progress(msg=msg):
                        _note(msg)
                    case Sources(items=items):
                        sources = items
                    case Token(content=content):
                        print(content, end="", flush=True)  # noqa: T201
                    case TurnFailed(message=message):
                        _note(f"\n{message}")
                    case Done(finish_reason=reason):
                        print()  # noqa: T201
                        _list_sources(sources)
                        return reason in ("stop", "length")
                    case _:
                        pass
    return False


def _list_sources(sources: Sequence[Source]) -> None:
    for source in sources:
        where = [source.title, *source.headings]
        page = f", p. {source.page}" if source.page is not None else ""
        print(f"  [{source.n}] {' › '.join(where)}{page}")  # noqa: T201


async def _content(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            yield part


def _note(line: str, *, again: bool = False) -> None:
    """Tell on standard error what goes on; ``again`` writes over the line before."""
    is_terminal = sys.stderr.isatty()
    if again and not is_terminal:
        return
    end = "\r" if again else "\n"
    print(f"\x1b[2K{line}" if is_terminal else line, end=end, file=sys.stderr, flush=True)  # noqa: T201
