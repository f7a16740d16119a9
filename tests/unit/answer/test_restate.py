import msgspec
import pytest

from groundwire.adapters.models.scripted import Fail, ScriptedModel
from groundwire.answer.restate import may_restate, restate
from groundwire.model.errors import ModelUnavailable
from groundwire.ports.chat_model import ModelInfo
from groundwire.retrieve.rewrite import Turn, rewrite

EARLIER = [Turn("Which two commands build a package?")]


async def test_a_capable_model_puts_a_follow_up_so_that_it_stands_alone() -> None:
    model = ScriptedModel()
    model.enqueue("What is the second ", "command that builds a package?\n")

    async def ask(question: str, history: object) -> str:
        return await restate(model, "en", question, EARLIER)

    query = await rewrite("And the second one?", EARLIER, ask=ask)
    assert query == "What is the second command that builds a package?"
    assert "Which two commands" in model.requests[0].messages[-1].content


async def test_a_model_that_fails_leaves_it_to_the_rules() -> None:
    model = ScriptedModel()
    model.enqueue(Fail(ModelUnavailable("down")))

    async def ask(question: str, history: object) -> str:
        return await restate(model, "en", question, EARLIER)

    assert "two commands" in await rewrite("And the second one?", EARLIER, ask=ask)


async def test_a_question_that_stands_alone_asks_no_model() -> None:
    model = ScriptedModel()

    async def ask(question: str, history: object) -> str:
        return await restate(model, "en", question, EARLIER)

    question = "How do I install the build dependencies of a package?"
    assert await rewrite(question, EARLIER, ask=ask) == question
    assert not model.requests


@pytest.mark.parametrize(
    ("provider", "grounded", "may"),
    [("ollama", True, True), ("ollama", None, False), ("extractive", True, False)],
)
def test_only_a_model_known_to_be_capable_is_asked(
    provider: str, grounded: bool | None, may: bool
) -> None:
    class Model(ScriptedModel):
        @property
        def info(self) -> ModelInfo:
            return msgspec.structs.replace(super().info, provider=provider, grounded=grounded)

    assert may_restate(Model()) is may
