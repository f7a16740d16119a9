"""From a question to what a model is asked: choose, retrieve, put into a prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import msgspec

from groundwire.answer import prompt
from groundwire.answer.restate import may_restate, restate
from groundwire.answer.sentences import say
from groundwire.answer.toolbox import Toolbox
from groundwire.answer.write import AnswerWriter
from groundwire.conversation.fold import Fold
from groundwire.conversation.state import Message as Said
from groundwire.model.errors import GroundwireError
from groundwire.model.events import Progress, Sources, Status, TurnStarted
from groundwire.model.filters import EVERYTHING, NOTHING, Filter, Scope
from groundwire.model.ids import ConversationId, DocumentId, LogId, WorkspaceId
from groundwire.model.passages import Passage
from groundwire.model.sources import Source
from groundwire.model.standing import Active
from groundwire.ports.chat_model import ChatModel, ChatRequest, Choice, Language, Message, Models
from groundwire.ports.conversations import Conversations
from groundwire.ports.documents import Documents, Workspaces
from groundwire.retrieve.pinned import Pinned
from groundwire.retrieve.rewrite import Turn, rewrite
from groundwire.retrieve.search import Found, Search
from groundwire.retrieve.split import split

PASSAGES = 8
"""How many passages an answer may rest on."""

Composed = tuple[ChatModel, ChatRequest] | str
"""A model and what it is asked; or the whole answer, where no model needs to be asked."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with what surrounds it; ``begun`` is what an earlier attempt left."""

    active: Active
    text: str
    begun: Said | None
    earlier: Sequence[Said]
    workspace: WorkspaceId
    language: Language

    @property
    def attachments(self) -> tuple[DocumentId, ...]:
        return self.active.asked.attachments

    @property
    def filter(self) -> Filter | None:
        return self.active.asked.filter


@dataclass(frozen=True, slots=True)
class Compose:
    conversations: Conversations
    workspaces: Workspaces
    documents: Documents
    search: Search
    models: Models
    toolbox: Toolbox
    pinned: Pinned

    async def compose(
        self, log: LogId, active: Active, fold: Fold, writer: AnswerWriter
    ) -> Composed:
        """Say what goes on in the turn, up to the first token.

        What an earlier attempt found is found again, unless its text rests on it.
        """
        asked = await self._asked(log, active, fold)
        scope = await self._scope(asked)
        grounded = scope.total > 0 or asked.filter is not None
        model = (await self._choose(asked, writer, grounded=grounded)).model
        if asked.begun is not None and asked.begun.tools:
            return self._request(model, asked, [_passage(each) for each in asked.begun.sources])
        if not scope.searchable:
            return await self._without(asked, scope, model, writer)
        found = await self._retrieve(asked, scope, model, writer)
        within = frozenset(scope.searchable)
        pinned = await self.pinned.read(asked.workspace, within=within)
        if not (pinned or found.relevant):
            return await self._unfound(asked, model, writer)
        composed = self._request(model, asked, (*pinned, *found.relevant))
        await self._tell_sources(asked, found, composed[1].passages, writer)
        return composed

    async def _scope(self, asked: _Asked) -> Scope:
        """Return what the answer may rest on: what is attached and what the filter lets through."""
        filter = asked.filter or EVERYTHING
        if asked.attachments:
            named = [
                id for id in asked.attachments if not filter.documents or id in filter.documents
            ]
            if not named:
                return NOTHING
            filter = msgspec.structs.replace(filter, documents=tuple(named))
        return await self.documents.scope(asked.workspace, filter)

    async def _without(
        self, asked: _Asked, scope: Scope, model: ChatModel, writer: AnswerWriter
    ) -> Composed:
        """Say why there is nothing to search; without any documents the model may just talk."""
        if scope.total:
            return say("not_yet_some" if asked.filter else "not_yet", asked.language)
        if asked.filter:
            return say("filter_empty", asked.language)
        if asked.attachments:
            return say("attachments_gone", asked.language)
        await self._status(writer, asked, "generating", say("no_documents", asked.language))
        return self._request(model, asked, ())

    async def _unfound(self, asked: _Asked, model: ChatModel, writer: AnswerWriter) -> Composed:
        """Say that there is nothing to rest on, unless a tool may find it out."""
        await writer.append(Sources(turn_id=asked.active.asked.turn, items=()))
        nothing = say("found_nothing_some" if asked.filter else "found_nothing", asked.language)
        await self._status(writer, asked, "retrieving", nothing, count=0)
        composed = self._request(model, asked, (), searched=True)
        said = "nothing_relevant_some" if asked.filter else "nothing_relevant"
        return composed if composed[1].tools else say(said, asked.language)

    async def _asked(self, log: LogId, active: Active, fold: Fold) -> _Asked:
        conversation = await self.conversations.get(ConversationId(log.partition(":")[2]))
        question = fold.messages[active.asked.question]
        return _Asked(
            active=active,
            text=question.content,
            begun=fold.messages.get(active.asked.answer),
            earlier=fold.path(question.parent_id),
            workspace=conversation.workspace,
            language="zh" if active.asked.language == "zh" else "en",
        )

    async def _choose(self, asked: _Asked, writer: AnswerWriter, *, grounded: bool) -> Choice:
        waiting = asked.active.asked
        if asked.begun is not None:
            # The model that began it, or none: two voices would not make one answer.
            return await self.models.choose(
                asked.begun.model, language=asked.language, grounded=grounded
            )
        workspace = await self.workspaces.get(asked.workspace)
        name = waiting.model or workspace.model
        failure: GroundwireError | None = None
        choice: Choice | None = None
        try:
            choice = await self.models.choose(name, language=asked.language, grounded=grounded)
        except GroundwireError as error:
            failure = error
        await writer.append(
            TurnStarted(
                turn_id=waiting.turn,
                message_id=waiting.answer,
                parent_id=waiting.question,
                model=choice.model.info.name if choice else name or "auto",
                why=choice.why if choice else "",
                fork_of=waiting.fork_of,
            )
        )
        if choice is None:
            assert failure is not None
            raise failure
        return choice

    async def _retrieve(
        self, asked: _Asked, scope: Scope, model: ChatModel, writer: AnswerWriter
    ) -> Found:
        ask = partial(restate, model, asked.language) if may_restate(model) else None
        first, *others = split(asked.text)
        query = await rewrite(first, _history(asked.earlier), ask=ask)
        parts = (query, *others) if others else ()
        told = {"queries": parts} if parts else {}
        await self._status(
            writer,
            asked,
            "retrieving",
            _searching(asked, scope),
            query=asked.text if parts else query,
            **told,
        )
        return await self.search.search(
            asked.workspace,
            query,
            limit=PASSAGES,
            documents=scope.searchable if asked.attachments else (),
            within=scope.searchable if asked.filter else None,
            parts=parts,
            on_rerank=partial(
                self._status, writer, asked, "reranking", say("reranking", asked.language)
            ),
        )

    async def _tell_sources(
        self, asked: _Asked, found: Found, passages: Sequence[Passage], writer: AnswerWriter
    ) -> None:
        items = tuple(_source(n, passage) for n, passage in enumerate(passages, start=1))
        writer.rest_on(items)
        documents = len({item.document_id for item in items})
        said = say(_what(found), asked.language, count=len(items), documents=documents)
        turn = asked.active.asked.turn
        await writer.append(
            Sources(turn_id=turn, items=items),
            Progress(
                turn_id=turn,
                status="generating",
                msg=said,
                detail={"count": len(items), "documents": documents, **_how(found)},
            ),
        )

    def _request(
        self,
        model: ChatModel,
        asked: _Asked,
        passages: Sequence[Passage],
        *,
        searched: bool = False,
    ) -> tuple[ChatModel, ChatRequest]:
        options = asked.active.asked.options
        turns = [
            Message(role=said.role, content=said.content) for said in asked.earlier if said.content
        ]
        budget = (model.info.window_tokens, model.count_tokens)
        tools = self.toolbox.offered(model.info, options)
        built = prompt.build(
            asked.text, passages, turns, asked.language, budget, searched=searched, tools=tools
        )
        request = ChatRequest(
            messages=built.messages,
            question=asked.text,
            parts=split(asked.text),
            passages=built.passages,
            language=asked.language,
            tools=tools,
            max_tokens=min(options.max_tokens or built.max_tokens, built.max_tokens),
        )
        if options.temperature is not None:
            request = msgspec.structs.replace(request, temperature=options.temperature)
        return model, request

    async def _status(
        self, writer: AnswerWriter, asked: _Asked, status: Status, msg: str, **detail: object
    ) -> None:
        turn = asked.active.asked.turn
        await writer.append(Progress(turn_id=turn, status=status, msg=msg, detail=detail))


def _what(found: Found) -> Literal["found", "found_words", "found_unranked"]:
    if found.searched == "words":
        return "found_words"
    return "found_unranked" if found.reranked is False else "found"


def _how(found: Found) -> dict[str, object]:
    """Return how it was searched, and what could not be done, in the words of `Found`."""
    told = {"searched": found.searched, "reranked": found.reranked, "why": found.why}
    return {name: value for name, value in told.items() if value is not None}


def _searching(asked: _Asked, scope: Scope) -> str:
    if asked.attachments:
        return say("searching_attachments", asked.language)
    if asked.filter:
        return say("retrieving_some", asked.language, documents=scope.total)
    return say("retrieving", asked.language)


def _history(earlier: Sequence[Said]) -> list[Turn]:
    """Pair questions with what their answers rested on, the first turn first."""
    turns: list[Turn] = []
    for said in earlier:
        if said.role == "user":
            turns.append(Turn(question=said.content))
        elif turns:
            cited = {citation.source_id for citation in said.citations}
            sources = [source for source in said.sources if source.id in cited]
            turns[-1] = Turn(
                question=turns[-1].question,
                titles=tuple(dict.fromkeys(source.title for source in sources)),
                headings=tuple(dict.fromkeys(h for source in sources for h in source.headings)),
            )
    return turns


def _passage(source: Source) -> Passage:
    """Return a source as the passage that it was made of."""
    return Passage(
        id=source.id,
        document=source.document_id,
        title=source.title,
        text=source.text,
        score=source.score,
        relevance=1.0,
        page=source.page,
        headings=source.headings,
        place=source.place,
        part=source.part,
        spots=source.spots,
        pinned=source.pinned,
    )


def _source(n: int, passage: Passage) -> Source:
    return Source(
        id=passage.id,
        n=n,
        document_id=passage.document,
        title=passage.title,
        text=passage.text,
        score=round(passage.score, 4),
        page=passage.page,
        headings=passage.headings,
        place=passage.place,
        part=passage.part,
        spots=passage.spots,
        uri=_uri(passage),
        pinned=passage.pinned,
    )


def _uri(passage: Passage) -> str:
    """Return where a person reads on: the page of the web it is from, else our copy."""
    if passage.uri and passage.uri.startswith(("https://", "http://")):
        return passage.uri
    return f"/api/v1/documents/{passage.document}/content"
