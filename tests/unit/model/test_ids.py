import pytest

from groundwire.model.ids import (
    ConversationId,
    DocumentId,
    WorkspaceId,
    chunk_id,
    conversation_log,
    document_of,
    is_conversation,
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
