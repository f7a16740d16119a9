"""Settings to adapters to use cases: the one file that knows everything."""

import asyncio
import contextlib
import logging
import secrets
import tempfile
from collections.abc import AsyncGenerator, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from groundwire import adapters, equip
from groundwire.access.authenticate import Authenticator
from groundwire.adapters.embedded.identities import SqliteIdentities
from groundwire.adapters.embedded.store import Store
from groundwire.model.ids import Now, WorkspaceId, workspace_log
from groundwire.model.workspace_events import WorkspaceEvent
from groundwire.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from groundwire.adapters.embedded.event_log import SqliteEventLog
    from groundwire.adapters.models.shelf import Provider
    from groundwire.adapters.parsers.pool import ParserPool
    from groundwire.answer.run import Answers
    from groundwire.app import Assistant
    from groundwire.archive import Archive
    from groundwire.feeding import Feeding
    from groundwire.ingest.intake import Intake, Means
    from groundwire.ingest.progress import Publish
    from groundwire.library import Library
    from groundwire.ports.chat_model import ChatModel, Models
    from groundwire.ports.embedder import Embedder
    from groundwire.ports.event_log import EventLog
    from groundwire.ports.identities import Identities
    from groundwire.ports.parser import Parser
    from groundwire.ports.tool import Tool
    from groundwire.retrieve.meaning import Meanings
    from groundwire.transport.hub import Hub

logger = logging.getLogger(__name__)

DATABASE = "groundwire.db"
# Where the server of a data folder is, for the commands beside it.
ADDRESS = "address"
MIGRATIONS = Path(adapters.__file__).parent / "embedded" / "migrations"
PAGE = Path(__file__).parent / "static"


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """Return 120 random bits behind ``prefix``."""
    return f"{prefix}_{secrets.token_hex(15)}"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who there is: all that the key commands need."""

    identities: "Identities"
    authenticator: Authenticator


@dataclass(frozen=True, slots=True)
class Groundwire:
    """The running whole."""

    settings: Settings
    assistant: "Assistant"
    identities: "Identities"
    authenticator: Authenticator
    hub: "Hub"

    @property
    def feeding(self) -> "Feeding":
        from groundwire.feeding import Feeding

        library = self.assistant.library
        return Feeding(library.workspaces, library.intake, utc_now, new_id)

    def app(self) -> "ASGIApp":
        """Return the ASGI application."""
        from groundwire.sorting import Sorting
        from groundwire.transport import accounts
        from groundwire.transport.asgi import Doors
        from groundwire.transport.attempts import Attempts
        from groundwire.transport.commands import Commands
        from groundwire.transport.company import Company
        from groundwire.transport.feeds import FeedDoors
        from groundwire.transport.identity import Doorkeeper
        from groundwire.transport.origins import Origins
        from groundwire.transport.poll import Polls
        from groundwire.transport.posts import Posts
        from groundwire.transport.rest import Resources
        from groundwire.transport.sorting import SortingDoors
        from groundwire.transport.sse import Streams
        from groundwire.transport.websocket import Sockets

        settings, assistant, hub = self.settings, self.assistant, self.hub
        doorkeeper = Doorkeeper(self.authenticator, settings.single_user)
        origins = Origins(settings.allowed_hosts, own=settings.host)
        commands = Commands(assistant, Company())
        logins = Attempts(hub.clock, hub.limits.enforced)
        posts = Attempts(hub.clock, hub.limits.enforced, hub.limits.commands_per_minute)
        doors = Doors(
            accounts.Accounts(assistant, self.authenticator, self.identities, doorkeeper, logins),
            Resources(assistant, doorkeeper),
            FeedDoors(self.feeding, doorkeeper),
            SortingDoors(Sorting(assistant.library, utc_now, new_id), doorkeeper),
            Streams(commands, doorkeeper, hub, new_id),
            Polls(assistant, doorkeeper, hub),
            Posts(commands, doorkeeper, posts, new_id, hub.limits.frame_bytes),
            Sockets(commands, doorkeeper, origins, hub, new_id),
            hub,
            origins,
            PAGE,
        )
        return doors.app()


@contextlib.asynccontextmanager
async def open_accounts(settings: Settings) -> AsyncGenerator[Accounts]:
    """Open who there is, beside a running server or without one."""
    store = _open_store(settings.data)
    try:
        identities = SqliteIdentities(store, utc_now)
        yield Accounts(identities, Authenticator(identities, utc_now, new_id))
    finally:
        store.close()


@contextlib.asynccontextmanager
async def open_models(settings: Settings) -> "AsyncGenerator[Models]":
    """Open the models alone, beside a running server or without one."""
    models = _models(settings, embedder=None, extra=())
    try:
        yield models
    finally:
        await models.aclose()


@contextlib.asynccontextmanager
async def open_groundwire(
    settings: Settings,
    *,
    models: "Sequence[ChatModel]" = (),
    embedder: "Embedder | None" = None,
    tools: "Sequence[Tool]" = (),
    now: Now = utc_now,
) -> AsyncGenerator[Groundwire]:
    """Open everything, go on with what an earlier process left, and stop in order.

    ``models``, ``embedder`` and ``tools`` come before those of the settings, in tests, whose
    ``now`` may be any time. Raises ``Overloaded`` for a folder in use, and ``InvalidField``.
    """
    from groundwire.adapters.embedded.event_log import SqliteEventLog
    from groundwire.adapters.embedded.lease import Lease

    store = _open_store(settings.data)
    async with contextlib.AsyncExitStack() as stack:
        # What libraries write while they work stays in the data folder as well.
        stack.callback(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = str(_folder(settings.data / "tmp"))
        stack.callback(store.close)
        lease = Lease(settings.data)
        stack.callback(lease.release)
        if reason := await store.write(lease.begin):
            logger.warning("earlier cursors are void (%s): clients load a snapshot", reason)
        await store.write(lease.renew)
        stack.push_async_callback(store.write, lease.end)
        parts = _Parts(
            settings=settings,
            store=store,
            log=SqliteEventLog(store, now, lease.seen),
            identities=SqliteIdentities(store, now),
            embedder=embedder or equip.open_embedder(settings, stack),
            parsers=_parsers(settings, stack),
            extra=tuple(models),
            tools=tuple(tools),
            now=now,
        )
        yield await _assemble(parts, stack)


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: Settings
    store: Store
    log: "SqliteEventLog"
    identities: SqliteIdentities
    embedder: "Embedder"
    parsers: "ParserPool"
    extra: "tuple[ChatModel, ...]"
    tools: "tuple[Tool, ...]"
    now: Now


async def _assemble(parts: _Parts, stack: contextlib.AsyncExitStack) -> Groundwire:
    from groundwire.adapters.embedded.conversations import SqliteConversations
    from groundwire.app import Assistant
    from groundwire.archive import Archive
    from groundwire.conversation.keep import Keeper
    from groundwire.transport.connection import Limits
    from groundwire.transport.hub import Hub

    settings, now = parts.settings, parts.now
    models = _models(settings, embedder=parts.embedder, extra=parts.extra)
    stack.push_async_callback(models.aclose)
    library = await _library(parts, stack)
    archive = Archive(parts.log, SqliteConversations(parts.store), library, now, new_id)
    answers = _answers(parts, archive, models)
    stack.push_async_callback(answers.close)
    keeper = Keeper(parts.log, utc_now, settings.compact_after)
    _run_until_closed(stack, keeper.run(), "keeper of the logs")
    await answers.resume()
    assistant = Assistant(parts.log, archive, library, models, answers, now, new_id)
    authenticator = Authenticator(parts.identities, now, new_id)
    limits = Limits(
        heartbeat_s=settings.heartbeat,
        idle_s=settings.idle_timeout,
        slow_s=settings.slow_reader_timeout,
        send_bytes=settings.send_bytes,
        frame_bytes=settings.frame_bytes,
        commands_per_minute=settings.commands_per_minute,
        connections_per_user=settings.connections_per_user,
        connections=settings.connections,
        enforced=settings.limits == "on",
    )
    hub = Hub(limits, authenticator)
    return Groundwire(settings, assistant, parts.identities, authenticator, hub)


def _answers(parts: _Parts, archive: "Archive", models: "Models") -> "Answers":
    """Put together what answers are made with."""
    from groundwire.answer.attempt import Maker
    from groundwire.answer.compose import Compose
    from groundwire.answer.run import Answers
    from groundwire.answer.toolbox import Toolbox
    from groundwire.retrieve.pinned import Pinned

    settings, library = parts.settings, archive.library
    tools = (*parts.tools, *_tools(settings, parts.parsers))
    toolbox = Toolbox(
        parts.log,
        {tool.spec.name: tool for tool in tools},
        parts.now,
        new_id,
        approval_s=settings.approval_timeout,
    )
    compose = Compose(
        *(archive.conversations, library.workspaces, library.documents, library.search),
        *(models, toolbox, Pinned(library.documents, library.chunks)),
    )
    return Answers(parts.log, Maker(parts.log, compose, toolbox, settings.turn_timeout))


async def _library(parts: _Parts, stack: contextlib.AsyncExitStack) -> "Library":
    """Open where documents live, and set those to work who read them."""
    from groundwire.adapters.embedded.collections import SqliteCollections
    from groundwire.adapters.embedded.documents import SqliteWorkspaces
    from groundwire.ingest.intake import open_intake
    from groundwire.library import Library

    index = equip.open_index(parts.settings, parts.embedder, stack)
    meanings = equip.open_meanings(parts.settings, parts.embedder, index, stack)
    means = _means(parts, index, meanings)
    documents = means.documents
    return Library(
        SqliteWorkspaces(parts.store),
        documents,
        SqliteCollections(parts.store, parts.log),
        parts.identities,
        means.blobs,
        index,
        await _work(open_intake(means), parts, stack),
        equip.open_search(parts.settings, index, meanings, documents, stack),
        parts.parsers,
        parts.log,
        utc_now,
        new_id,
    )


def _means(parts: _Parts, index: equip.PassageIndex, meanings: "Meanings") -> "Means":
    from groundwire.adapters.embedded.blobs import FileBlobs
    from groundwire.adapters.embedded.documents import SqliteDocuments
    from groundwire.adapters.embedded.feeds import SqliteFeeds
    from groundwire.adapters.embedded.job_queue import SqliteJobQueue
    from groundwire.ingest.intake import Means

    return Means(
        documents=SqliteDocuments(parts.store, parts.log),
        feeds=SqliteFeeds(parts.store),
        blobs=FileBlobs(parts.settings.data / "files"),
        jobs=SqliteJobQueue(parts.store, now=utc_now, new_id=new_id),
        parser=parts.parsers,
        chunks=index,
        meanings=meanings,
        publish=_publish_to(parts.log),
        now=utc_now,
        new_id=new_id,
        limit_bytes=parts.settings.upload_bytes,
        connectors=equip.make_connectors(parts.settings),
    )


async def _work(intake: "Intake", parts: _Parts, stack: contextlib.AsyncExitStack) -> "Intake":
    """Go on with the documents that an earlier process left, and with those that come."""
    await intake.resume()
    _run_until_closed(stack, intake.worker.run(), "worker")
    _run_until_closed(stack, intake.schedule.run(), "schedule of the feeds")
    _run_until_closed(stack, parts.parsers.warm(), "parsers")
    return intake


def _publish_to(log: "EventLog") -> "Publish":
    async def publish(workspace: WorkspaceId, event: WorkspaceEvent) -> None:
        await log.append(workspace_log(workspace), [event])

    return publish


def _models(
    settings: Settings, *, embedder: "Embedder | None", extra: "Sequence[ChatModel]"
) -> "Models":
    from groundwire.adapters.models.directory import ModelDirectory
    from groundwire.adapters.models.embedded import EmbeddedModels
    from groundwire.adapters.models.extractive import ExtractiveModel
    from groundwire.adapters.models.ollama import DEFAULT_URL, Ollama
    from groundwire.adapters.models.openai_compatible import OpenAIEndpoint
    from groundwire.adapters.models.shelf import FixedModels
    from groundwire.adapters.models.upstream import Timeouts

    timeouts = Timeouts(first_token_s=settings.first_token_timeout, idle_s=settings.token_timeout)
    providers: list[Provider] = []
    if extra:
        providers.append(FixedModels(extra[0].info.provider, list(extra)))
    if settings.openai_base_url:
        endpoint = OpenAIEndpoint(
            settings.openai_base_url, key=settings.openai_api_key, timeouts=timeouts
        )
        providers.append(endpoint)
    providers.append(Ollama(settings.ollama_url or DEFAULT_URL, timeouts=timeouts))
    folder = _folder(settings.data / "models")
    run_folder = _folder(settings.data / "tmp" / "runtime")
    apart = equip.reranker_path(settings)
    providers.append(EmbeddedModels(folder, run_folder=run_folder, apart=apart))
    return ModelDirectory(
        providers,
        quoting=ExtractiveModel(embedder=embedder),
        default=settings.model,
        aliases=settings.model_aliases,
    )


def _parsers(settings: Settings, stack: contextlib.AsyncExitStack) -> "ParserPool":
    from groundwire.adapters.parsers.pool import open_pool

    parsers = open_pool(wall_s=settings.parse_timeout)
    stack.push_async_callback(parsers.close)
    return parsers


def _tools(settings: Settings, parser: "Parser") -> "tuple[Tool, ...]":
    """Make the tools that models are offered; they hold nothing that must be closed."""
    from groundwire.adapters.network.web import Web
    from groundwire.adapters.tools.fetch_page import FetchPage

    tools = (FetchPage(parser, Web(allowed=settings.fetch_allowed)),)
    return tuple(tool for tool in tools if tool.spec.name in settings.tools)


def _run_until_closed(
    stack: contextlib.AsyncExitStack, work: "Coroutine[object, object, None]", name: str
) -> None:
    task = asyncio.create_task(work, name=name)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)


def _open_store(data: Path) -> Store:
    _folder(data)
    return Store(data / DATABASE, MIGRATIONS)


def _folder(path: Path) -> Path:
    """Return ``path``, made for its owner's eyes alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
