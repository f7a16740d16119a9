"""What a reader finds afterwards who saw none of it: the whole log, and the snapshot."""

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import aiohttp

from bench.soak.plan import Question, recite
from bench.soak.record import Failure, Read, Record
from groundwire.conformance.seen import Broken, Frame, Seen

PAGE = 500


@dataclass(slots=True)
class Found:
    """One conversation as its log tells it."""

    seen: Seen = field(default_factory=Seen)
    asked: Counter[str] = field(default_factory=Counter[str])
    turns: dict[str, str] = field(default_factory=dict[str, str])
    dones: dict[str, Frame] = field(default_factory=dict[str, Frame])

    def add(self, event: Frame) -> None:
        """Raises ``Broken``."""
        self.seen.add(event)
        turn = event["turnId"]
        if turn in self.dones:
            raise Broken(f"{event['type']} came after `done` of {turn}")
        match event["type"]:
            case "message.created":
                key = event["clientMessageId"]
                self.asked[key] += 1
                self.turns[key] = turn
            case "done":
                self.dones[turn] = event
            case _:
                pass


@dataclass(slots=True)
class Verifier:
    """Compares what is there with what was told; ``questions`` are all, by their keys."""

    seed: int
    record: Record
    questions: Mapping[str, Question]
    http: aiohttp.ClientSession

    async def verify(self) -> None:
        """Add to the record each promise that was not kept."""
        reads: dict[str, list[Read]] = defaultdict(list)
        acked: dict[str, dict[str, str]] = defaultdict(dict)
        for read in self.record.reads:
            reads[read.session].append(read)
        for (session, key), turn in self.record.acked.items():
            acked[session][key] = turn
        for session, turns in acked.items():
            try:
                found = await self._read(session)
                snapshot = await self._snapshot(session)
            except (Broken, KeyError) as broken:
                self._fail("log", session, str(broken))
                continue
            for promise, why in self._compare(found, turns, reads[session], snapshot):
                self._fail(promise, session, why)
            self.record.counts["events"] += found.seen.seq
            self.record.counts["conversations"] += 1

    def _compare(
        self, found: Found, acked: Mapping[str, str], reads: list[Read], snapshot: Seen
    ) -> Iterator[tuple[str, str]]:
        for key, times in found.asked.items():
            if times != 1 or len([turn for turn in found.turns.values() if turn == key]) > 1:
                yield "duplicate", f"{key} is there {times} times"
        for key, turn in acked.items():
            if found.turns.get(key) != turn:
                yield "lost", f"{key} was acknowledged as {turn} and is {found.turns.get(key)}"
            elif turn not in found.dones:
                yield "lost", f"{key} has no `done`"
            else:
                yield from self._check_answer(key, found, found.dones[turn], snapshot)
        for read in reads:
            message = found.dones.get(read.turn, {}).get("messageId")
            if message != read.message or found.seen.texts.get(read.message, "") != read.text:
                yield "text", f"{read.question.key} was read as {read.text!r}"

    def _check_answer(
        self, key: str, found: Found, done: Frame, snapshot: Seen
    ) -> Iterator[tuple[str, str]]:
        message, reason = done["messageId"], done["finishReason"]
        text = found.seen.texts.get(message, "")
        self.record.counts[f"finished: {reason}"] += 1
        if sha256(text.encode()).hexdigest() != done["contentHash"]:
            yield "hash", f"{key} is {text!r}"
        if not self._is_recited(key, text, reason):
            yield "text", f"{key} ({reason}) is not what the model said: {text!r}"
        if message in snapshot.texts and snapshot.texts[message] != text:
            yield "text", f"{key} is another text in the snapshot: {snapshot.texts[message]!r}"

    def _is_recited(self, key: str, text: str, reason: str) -> bool:
        """Whether the model said that: all of it in one attempt, or as far as it came."""
        if not text:
            return reason != "stop"
        said = text.partition(">")[0].partition("#")[2]
        attempt = int(said) if said.isdecimal() else 0
        whole = "".join(recite(self.seed, key, self.questions[key].words, attempt))
        return whole == text if reason == "stop" else whole.startswith(text)

    async def _read(self, session: str) -> Found:
        found = Found()
        async for events in self._pages(session):
            for event in events:
                found.add(event)
        return found

    async def _pages(self, session: str) -> AsyncGenerator[list[Frame]]:
        cursor, more = "0", True
        while more:
            params = {"cursor": cursor, "limit": str(PAGE), "wait": "0"}
            url = f"/api/v1/conversations/{session}/poll"
            async with self.http.get(url, params=params) as response:
                page = await response.json()
            cursor, more = page["cursor"], page["hasMore"]
            yield page["events"]

    async def _snapshot(self, session: str) -> Seen:
        async with self.http.get(f"/api/v1/conversations/{session}") as response:
            snapshot = await response.json()
        return Seen().add({**snapshot, "type": "snapshot"})

    def _fail(self, promise: str, session: str, why: str) -> None:
        self.record.failures.append(Failure(promise, session, why))
