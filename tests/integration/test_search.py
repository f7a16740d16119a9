"""A query finds passages through both indexes, or says that it could use only one."""

import pytest

from groundwire.model.errors import RetrievalFailed
from tests.support.library import HOME, Library, MissingEmbedder, SlowEmbedder


async def test_a_passage_comes_with_its_document_s_title_and_its_page(library: Library) -> None:
    await library.put("Guide", "Nothing much.", "The rules file builds the package.")

    found = await library.search().search(HOME, "What builds the package?", limit=1)

    assert found.searched == "both"
    assert [(p.title, p.page, p.id) for p in found.passages] == [("Guide", 2, "doc_Guide:1")]


async def test_a_document_without_vectors_is_found_by_its_words(library: Library) -> None:
    await library.put("指南", "规则文件用来构建软件包。", embedded=False)

    found = await library.search().search(HOME, "如何构建软件包？", limit=3)

    assert found.searched == "words"
    assert [passage.id for passage in found.passages] == ["doc_指南:0"]


async def test_what_has_its_vectors_already_does_not_hide_what_has_none_yet(
    library: Library,
) -> None:
    answer = "Binary packages are built by debhelper, as the rules file says."
    near = [f"Whobuildsbinary packagesbytherules {n}" for n in range(120)]
    await library.put("Guide", answer, embedded=False)
    for n, text in enumerate(near):
        await library.put(f"Note {n}", text)

    found = await library.search().search(HOME, "Who builds binary packages by the rules?", limit=3)

    assert found.searched == "both"
    assert found.passages[0].text == answer


async def test_without_an_embedder_words_are_searched_and_the_reason_is_told(
    library: Library,
) -> None:
    await library.put("Guide", "The rules file builds the package.")

    found = await library.search(MissingEmbedder()).search(HOME, "package", limit=3)

    assert (found.searched, found.why) == ("words", "The weights are missing.")
    assert len(found.passages) == 1


async def test_an_embedder_that_takes_too_long_is_not_waited_for(library: Library) -> None:
    await library.put("Guide", "The rules file builds the package.")

    search = library.search(SlowEmbedder(), patience_s=0.01)

    assert (await search.search(HOME, "package", limit=3)).searched == "words"


async def test_words_are_searched_when_the_index_of_meaning_fails(library: Library) -> None:
    await library.put("Guide", "The rules file builds the package.")
    library.drop("codes_2")

    found = await library.search().search(HOME, "package", limit=3)

    assert found.searched == "words"
    assert found.why is not None
    assert [passage.title for passage in found.passages] == ["Guide"]


@pytest.mark.parametrize("table", ["words_1", "chunks"])
async def test_an_index_that_cannot_be_searched_is_a_failure_that_may_pass(
    library: Library, table: str
) -> None:
    await library.put("Guide", "The rules file builds the package.")
    library.drop(table)

    with pytest.raises(RetrievalFailed) as failed:
        await library.search().search(HOME, "package", limit=3)
    assert failed.value.retryable


async def test_an_index_that_is_closed_is_a_failure_too(library: Library) -> None:
    await library.put("Guide", "The rules file builds the package.")
    library.index.close()

    with pytest.raises(RetrievalFailed):
        await library.search().search(HOME, "package", limit=3)


async def test_the_same_text_in_two_documents_is_one_passage(library: Library) -> None:
    text = "The rules file builds the package, whatever the weather."
    await library.put("One", text, "Cats sleep a lot.")
    await library.put("Two", text)

    found = await library.search().search(HOME, "rules file package", limit=5)

    assert [passage.text for passage in found.passages].count(text) == 1


async def test_passages_of_a_document_that_was_removed_meanwhile_are_left_out(
    library: Library,
) -> None:
    document = await library.put("Guide", "The rules file builds the package.")
    await library.documents.remove(document)

    assert (await library.search().search(HOME, "package", limit=5)).passages == ()


@pytest.mark.parametrize("query", ["", "  \n", "???"])
async def test_a_query_that_says_nothing_finds_nothing_by_words(
    library: Library, query: str
) -> None:
    await library.put("Guide", "The rules file builds the package.", embedded=False)

    assert (await library.search().search(HOME, query, limit=5)).passages == ()


async def test_a_question_about_something_else_has_nothing_relevant(library: Library) -> None:
    await library.put("Guide", "The rules file builds the package.", embedded=False)
    search = library.search()

    about = await search.search(HOME, "What builds the package?", limit=5)
    other = await search.search(HOME, "Which file holds melodies sung by whales?", limit=5)

    assert about.relevant == about.passages != ()
    assert other.passages != ()
    assert other.relevant == ()


async def test_of_named_documents_all_is_relevant_and_their_beginnings_come_last(
    library: Library,
) -> None:
    guide = await library.put("Guide", "The rules file builds the package.", "And that is all.")
    new = await library.put("New", "在世界的尽头。", "还有。", embedded=False)
    await library.put("Other", "The rules file builds the package, says another.")

    found = await library.search().search(
        HOME, "What builds the package?", limit=3, documents=[guide, new]
    )
    nothing = await library.search().search(HOME, "xyzzy", limit=9, documents=[new])

    assert [passage.id for passage in found.relevant] == ["doc_Guide:0", "doc_Guide:1", "doc_New:0"]
    assert [passage.id for passage in nothing.relevant] == ["doc_New:0", "doc_New:1"]
