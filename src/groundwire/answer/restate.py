"""A side call to the model: a follow-up question put so that it stands alone. Never streamed."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from groundwire.ports.chat_model import ChatModel, ChatRequest, Delta, Finish, Language, Message
from groundwire.retrieve.rewrite import Turn

PATIENCE_S = 5.0
"""The rules decide after this long: a search must not wait for a slow model."""

TURNS = 4
MAX_TOKENS = 96

_ASK: dict[Language, str] = {
    "en": "Rewrite the last question so that it can be understood without the conversation. "
    "Keep its language and every name. Answer with the question alone.",
    "zh": "改写最后一个问题，使其脱离对话也能看懂。保持原来的语言和所有名称，只输出改写后的问题。",
}


def may_restate(model: ChatModel) -> bool:
    """Whether the model is known to be good enough; the rules are better than a weak one."""
    return model.info.grounded is True and model.info.provider != "extractive"


async def restate(
    model: ChatModel, language: Language, question: str, history: Sequence[Turn]
) -> str:
    """Return the question as the model puts it; empty if it took too long.

    Raises ``Unavailable`` as the model does.
    """
    earlier = [turn.question for turn in history[-TURNS:]]
    lines = [*earlier, question]
    request = ChatRequest(
        messages=(
            Message(role="system", content=_ASK[language]),
            Message(role="user", content="\n".join(lines)),
        ),
        question=question,
        language=language,
        max_tokens=MAX_TOKENS,
        temperature=0.0,
    )
    try:
        async with asyncio.timeout(PATIENCE_S), aclosing(model.stream(request)) as stream:
            said = [_said(item) async for item in stream]
    except TimeoutError:
        return ""
    return " ".join("".join(said).split())


def _said(item: Delta | Finish) -> str:
    return item.content if isinstance(item, Delta) and not item.reasoning else ""
