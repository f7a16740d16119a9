"""A question that asks two things: what is searched for, what is found, what is told."""

from pathlib import Path

from tests.integration.test_reranker_served import fill, search
from tests.support.server import serve
from tests.support.socket import Frame

QUESTION = "Which rules file builds the package, and where do the cats sleep beside the package?"
PARTS = [
    "Which rules file builds the package",
    "where do the cats sleep beside the package?",
]


def one(events: list[Frame], key: str) -> Frame:
    (found,) = [event for event in events if key in event.get("detail", {})]
    return found


async def test_each_part_is_searched_for_and_the_status_says_so(tmp_path: Path) -> None:
    async with serve(tmp_path) as served:
        await fill(served)
        served.script("The rules file [1], beside the package [2].")
        async with served.connect() as client:
            events = await client.answer(served.new_session(), QUESTION)
        (sources,) = [event for event in events if event["type"] == "sources"]

    assert one(events, "queries")["detail"] == {"query": QUESTION, "queries": PARTS}
    assert [item["title"] for item in sources["items"]] == ["guide.txt", "cats.txt"]


async def test_one_question_is_searched_for_as_it_is(tmp_path: Path) -> None:
    async with serve(tmp_path) as served:
        await fill(served)
        served.script("The rules file [1].")
        async with served.connect() as client:
            events = await client.answer(served.new_session(), PARTS[0])

    assert one(events, "query")["detail"] == {"query": PARTS[0]}


async def test_the_first_part_of_a_follow_up_is_put_so_that_it_stands_alone(
    tmp_path: Path,
) -> None:
    async with serve(tmp_path) as served:
        await fill(served)
        session = served.new_session()
        served.script("The rules file [1].")
        async with served.connect() as client:
            await client.answer(session, PARTS[0])
        served.script("Who wrote the rules file?")  # what the model makes of the first part
        served.script("Nobody [1].")
        async with served.connect() as client:
            events = await client.answer(session, f"Who wrote it, and {PARTS[1]}")

    assert one(events, "queries")["detail"]["queries"] == ["Who wrote the rules file?", PARTS[1]]


async def test_a_search_over_http_takes_several_questions_as_well(tmp_path: Path) -> None:
    async with serve(tmp_path) as served:
        workspace = await fill(served)
        found = await search(served, workspace, QUESTION)

    assert [passage["title"] for passage in found["passages"]] == ["guide.txt", "cats.txt"]
