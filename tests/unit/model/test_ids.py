from groundwire.model.ids import (
    ConversationId,
    WorkspaceId,
    conversation_log,
    is_conversation,
    workspace_log,
)


def test_a_conversation_and_a_workspace_of_one_name_have_two_logs() -> None:
    conversation, workspace = conversation_log(ConversationId("a")), workspace_log(WorkspaceId("a"))
    assert (conversation, workspace) == ("conversation:a", "workspace:a")
    assert (is_conversation(conversation), is_conversation(workspace)) == (True, False)
