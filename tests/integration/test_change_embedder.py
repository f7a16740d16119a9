"""Another embedder is set: the one of before serves until everything is embedded anew."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from groundwire.bootstrap import Groundwire, open_groundwire
from groundwire.cli.doctor import doctor
from groundwire.ingest.changeover import Change
from groundwire.model.access import Identity
from groundwire.model.documents import Document
from groundwire.model.ids import WorkspaceId, workspace_log
from groundwire.retrieve.search import Found
from groundwire.settings import Settings
from tests.support.embedders import Embedders, embedders
from tests.support.server import NOWHERE

pytestmark = pytest.mark.slow

HERONS = "The heron nests in April. It eats fish and frogs."
OTTERS = "The otter sleeps in a holt and hunts at dusk."
# They share no word with the texts, only runs of characters, which is all that the models see.
ABOUT_HERONS = "heronries nestlings"
ABOUT_OTTERS = "otterlike dusky"
TEXTS = [HERONS, OTTERS, *(f"这座湖的第{n}种水鸟在冬天才看得到。" for n in range(18))]


@dataclass
class Opened:
    """A server without its mouths, as the owner sees it."""

    groundwire: Groundwire
    owner: Identity
    workspace: WorkspaceId

    async def upload(self, name: str, text: str) -> Document:
        library = self.groundwire.assistant.library
        return await library.upload(self.owner, self.workspace, name, once(text))

    async def find(self, query: str) -> Found:
        library = self.groundwire.assistant.library
        return await library.search.search(self.workspace, query, limit=3)

    async def until(self, id: Document, wanted: Callable[[Document], bool]) -> Document:
        documents = self.groundwire.assistant.library.documents

        async def look() -> Document | None:
            found = await documents.get(id.id)
            return found if wanted(found) else None

        return await self._watch(look)

    async def until_served_by(self, embedder: str) -> None:
        async def look() -> Change | None:
            now = await self.embedder()
            return now if now.serving == embedder and now.coming is None else None

        await self._watch(look)

    async def until_done(self, count: int) -> None:
        async def look() -> Change | None:
            now = await self.embedder()
            return now if now.coming is not None and now.coming.done >= count else None

        await self._watch(look)

    async def until_told(self, reason: str) -> None:
        async def look() -> Change | None:
            now = await self.embedder()
            return now if now.coming is not None and reason in (now.coming.reason or "") else None

        await self._watch(look)

    async def embedder(self) -> Change:
        return await self.groundwire.assistant.library.describe_embedder(self.owner, self.workspace)

    async def events(self) -> list[dict[str, Any]]:
        log, name = self.groundwire.assistant.log, workspace_log(self.workspace)
        recorded = await log.read(name, after=0, limit=1_000)
        return [msgspec.json.decode(each.data) for each in recorded]

    async def _watch(self, look: Callable[[], Any]) -> Any:
        async with asyncio.timeout(30):
            while (found := await look()) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return found


async def once(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


@pytest.fixture
async def models() -> AsyncIterator[Embedders]:
    async with embedders(one=512, two=384, three=512) as models:
        yield models


@asynccontextmanager
async def opened(data: Path, models: Embedders, model: str) -> AsyncGenerator[Opened]:
    settings = Settings(data=data, embedder=f"ollama:e5-{model}", embedder_url=models.url)
    async with open_groundwire(settings) as groundwire:
        owner = await groundwire.authenticator.local_identity()
        workspace = await groundwire.assistant.library.default_workspace(owner)
        yield Opened(groundwire, owner, workspace)


async def fill(data: Path, models: Embedders) -> None:
    """Have documents that the first model embedded."""
    async with opened(data, models, "one") as first:
        sent = [await first.upload(f"note {number}.md", text) for number, text in enumerate(TEXTS)]
        for document in sent:
            await first.until(document, lambda each: each.status == "ready")
        assert texts(await first.find(ABOUT_HERONS))[0] == HERONS


def texts(found: Found) -> list[str]:
    assert found.searched == "both", found.why
    return [passage.text for passage in found.passages]


async def test_the_embedder_of_before_is_asked_until_the_new_one_has_done_all(
    tmp_path: Path, models: Embedders
) -> None:
    await fill(tmp_path, models)
    one, two = models.models["one"], models.models["two"]
    await two.set(left=0)

    async with opened(tmp_path, models, "two") as second:
        assert texts(await second.find(ABOUT_HERONS))[0] == HERONS
        assert two.asked == []
        await two.set()
        await second.until_served_by("ollama:e5-two")
        await one.set(down=True)
        assert texts(await second.find(ABOUT_OTTERS))[0] == OTTERS
        told = [each for each in await second.events() if each["type"].startswith("embedder.")]

    assert (told[0]["type"], told[0]["done"], told[0]["total"]) == ("embedder.changing", 0, 20)
    assert told[-1]["type"] == "embedder.changed"
    assert {each["embedder"] for each in told} == {"ollama:e5-two"}


async def test_what_comes_meanwhile_is_found_by_its_meaning_before_and_after(
    tmp_path: Path, models: Embedders
) -> None:
    await fill(tmp_path, models)
    two = models.models["two"]
    await two.set(left=0)

    async with opened(tmp_path, models, "two") as second:
        kiwi = await second.upload("kiwis.md", "The kiwi sniffs for worms in the night.")
        await second.until(kiwi, lambda each: each.status == "ready")
        assert texts(await second.find("kiwifruit sniffles"))[0].startswith("The kiwi")
        assert (await second.embedder()).coming == ("ollama:e5-two", 0, 21, None)
        await two.set()
        await second.until_served_by("ollama:e5-two")
        assert texts(await second.find("kiwifruit sniffles"))[0].startswith("The kiwi")


async def test_without_the_embedder_of_before_words_serve_and_what_is_embedded_anew_already(
    tmp_path: Path, models: Embedders
) -> None:
    await fill(tmp_path, models)
    one, two = models.models["one"], models.models["two"]
    await one.set(down=True)
    await two.set(left=0)

    async with opened(tmp_path, models, "two") as second:
        by_words = await second.find("What does the heron eat?")
        assert (by_words.searched, by_words.passages[0].text) == ("words", HERONS)
        assert by_words.why is not None
        assert (await second.embedder()).reason == by_words.why
        kiwi = await second.upload("kiwis.md", "The kiwi sniffs for worms in the night.")
        waiting = await second.until(kiwi, lambda each: each.reason is not None)
        assert waiting.searchable == "words"

        # A batch was asked for before the kiwi came; of those that follow, it is in the first.
        await two.set(left=9)
        await second.until_done(16)
        found = await second.find("kiwifruit sniffles")
        assert texts(found)[0].startswith("The kiwi")
        assert found.why is not None
        await two.set()
        await second.until_served_by("ollama:e5-two")
        await second.until(kiwi, lambda each: each.searchable == "meaning")
        assert (await second.find(ABOUT_HERONS)).why is None
        assert (await second.embedder()).reason is None


async def test_an_embedder_that_is_away_is_waited_for_and_the_reason_is_told(
    tmp_path: Path, models: Embedders
) -> None:
    await fill(tmp_path, models)
    two = models.models["two"]
    await two.set(down=True)

    async with opened(tmp_path, models, "two") as second:
        await second.until_told("tried again")
        assert texts(await second.find(ABOUT_HERONS))[0] == HERONS
        told = [each for each in await second.events() if each["type"] == "embedder.changing"]
        assert "tried again" in told[-1]["reason"]
        await two.set()
        await second.until_served_by("ollama:e5-two")


async def test_who_goes_back_before_it_is_done_has_what_he_had(
    tmp_path: Path, models: Embedders
) -> None:
    await fill(tmp_path, models)
    one, two = models.models["one"], models.models["two"]
    await two.set(left=0)
    async with opened(tmp_path, models, "two"):
        pass
    passages = list(one.asked)

    async with opened(tmp_path, models, "one") as back:
        await back.until_served_by("ollama:e5-one")
        assert texts(await back.find(ABOUT_HERONS))[0] == HERONS

    assert one.asked == passages


async def test_who_goes_on_to_a_third_is_served_by_the_first_until_then(
    tmp_path: Path, models: Embedders
) -> None:
    await fill(tmp_path, models)
    two, three = models.models["two"], models.models["three"]
    await two.set(left=1)
    async with opened(tmp_path, models, "two") as second:
        await second.until_done(8)
    await three.set(left=0)

    async with opened(tmp_path, models, "three") as third:
        assert texts(await third.find(ABOUT_HERONS))[0] == HERONS
        now = await third.embedder()
        assert (now.serving, now.coming) == ("ollama:e5-one", ("ollama:e5-three", 0, 20, None))
        await three.set()
        await third.until_served_by("ollama:e5-three")
        assert texts(await third.find(ABOUT_OTTERS))[0] == OTTERS


async def test_the_doctor_says_how_far_it_is_and_whether_the_one_of_before_answers(
    tmp_path: Path,
    models: Embedders,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await fill(tmp_path, models)
    await models.models["two"].set(left=1)
    monkeypatch.setenv("GROUNDWIRE_EMBEDDER", "ollama:e5-two")
    monkeypatch.setenv("GROUNDWIRE_EMBEDDER_URL", models.url)
    monkeypatch.setenv("GROUNDWIRE_OLLAMA_URL", NOWHERE)
    async with opened(tmp_path, models, "two") as second:
        await second.until_done(8)
        await doctor({"data": tmp_path})
        both = capsys.readouterr().out
        await models.models["one"].set(down=True)
        assert await doctor({"data": tmp_path}) == 1

    assert "vectors of 384 numbers by ollama:e5-two" in both
    assert "8 of 20 passages so far" in both
    assert "vectors of 512 numbers by ollama:e5-one" in both
    assert "The embedder until now, ollama:e5-one: " in capsys.readouterr().out
