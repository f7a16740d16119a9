from groundwire.model.ids import ConversationId, WorkspaceId, conversation_log, workspace_log


def test_a_conversation_and_a_workspace_of_one_name_have_two_logs() -> None:
    assert conversation_log(ConversationId("a")) == "conversation:a"
    assert workspace_log(WorkspaceId("a")) == "workspace:a"
