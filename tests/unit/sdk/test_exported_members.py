"""The public surface of the client library: what is added or taken away is meant."""

import ast
from pathlib import Path
from types import ModuleType

import groundwire_client

SOURCE = Path(groundwire_client.__file__).parent

PUBLIC = {
    # To begin with, and what it leads to.
    "connect", "Groundwire", "Conversation", "Answer", "Reset", "Workspace", "Upload",
    "Connection", "ConnectionStatus", "ConnectionState", "Rest",
    # What may be given.
    "Token", "Way", "TransportName", "Options", "File", "Filter", "Observer", "Order",
    # A conversation as it stands.
    "State", "Message", "Turn", "Approval", "ToolUse", "Steering", "Fault", "Source", "Citation",
    "Usage", "Snapshot", "MessagePage", "EventPage", "Recorded",
    # What other devices tell.
    "Notice", "Presence", "Typing", "Read",
    # Resources.
    "ApiKey", "NewApiKey", "Principal", "WorkspaceInfo", "ConversationInfo", "DocumentInfo",
    "ModelInfo", "Models", "Choice", "Passage", "Place", "Spot", "Unread", "BatchInfo",
    "FeedInfo", "CollectionInfo",
    # Whole vocabularies, and the version of the protocol.
    "errors", "events", "GroundwireError", "PROTOCOL",
}  # fmt: skip


def test_exactly_these_names_are_public() -> None:
    here = {
        name
        for name, thing in vars(groundwire_client).items()
        if not name.startswith("_") and not isinstance(thing, ModuleType)
    }

    assert set(groundwire_client.__all__) == PUBLIC
    assert here == PUBLIC - {"errors", "events"}


def test_every_public_class_and_function_says_what_it_is() -> None:
    plain = {"Principal", "NewApiKey", "ConversationInfo"}  # their fields say it
    undocumented = {
        name
        for name in PUBLIC - plain
        if callable(thing := getattr(groundwire_client, name))
        and getattr(thing, "__module__", "").startswith("groundwire_client")
        and not thing.__doc__
    }

    assert undocumented == set()


def test_it_is_marked_as_typed() -> None:
    assert (SOURCE / "py.typed").exists()


def test_it_needs_no_more_than_it_says() -> None:
    imported = {
        (name.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for path in SOURCE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }

    assert {"httpx", "msgspec", "websockets"} <= imported
    assert not {"groundwire", "starlette", "aiohttp", "anyio"} & imported
