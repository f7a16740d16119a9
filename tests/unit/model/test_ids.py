import pytest

from groundwire.model.ids import (
    ConversationId,
    DocumentId,
    WorkspaceId,
    chunk_id,
    chunks_of,
    conversation_log,
    document_of,
    is_conversation,
    position_of,
    run_id,
    workspace_log,
)


def test_a_conversation_and_a_workspace_of_one_name_have_two_logs() -> None:
    conversation, workspace = conversation_log(ConversationId("a")), workspace_log(WorkspaceId("a"))
    assert (conversation, workspace) == ("conversation:a", "workspace:a")
    assert (is_conversation(conversation), is_conversation(workspace)) == (True, False)


@pytest.mark.parametrize("document", ["d_1", "d:with:colons", "文档"])
def test_a_chunk_names_its_document(document: str) -> None:
    ids = [chunk_id(DocumentId(document), 17, version) for version in (1, 2, 10)]

    assert len(set(ids)) == 3
    assert {document_of(id) for id in ids} == {document}


@pytest.mark.parametrize("document", ["d_1", "d:with:colons", "文档"])
@pytest.mark.parametrize("version", [1, 3])
def test_a_run_of_chunks_has_an_id_that_names_each(document: str, version: int) -> None:
    first, middle, last = (chunk_id(DocumentId(document), n, version) for n in (9, 10, 11))

    assert chunks_of(run_id(first, last)) == [first, middle, last]
    assert chunks_of(run_id(first, first)) == [first] == [run_id(first, first)]
    assert [position_of(each) for each in (first, middle, last)] == [9, 10, 11]


@pytest.mark.parametrize("passage", ["", "d_1", "d_1:", "d_1:x", "d_1:3-", "d_1:-3", "d_1:5-4"])
def test_what_names_no_chunks_has_none(passage: str) -> None:
    assert chunks_of(passage) == []


def test_nobody_asks_for_more_chunks_than_a_run_has() -> None:
    assert len(chunks_of("d_1:0-999999999")) == 3
