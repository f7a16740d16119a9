from collections.abc import Mapping
from typing import Protocol

from groundwire.ports.chat_model import Language, ToolSpec


class Tool(Protocol):
    """Something that a model may have done while it answers."""

    @property
    def spec(self) -> ToolSpec: ...

    @property
    def needs_approval(self) -> bool:
        """Whether a person has to allow each call."""
        ...

    @property
    def is_repeatable(self) -> bool:
        """Whether doing it twice does no more than doing it once.

        If not, it is not done again where a server was lost while it did it.
        """
        ...

    def ask(self, input: Mapping[str, object], language: Language) -> str:
        """Return the sentence that asks a person to allow this call."""
        ...

    async def use(self, input: Mapping[str, object]) -> str:
        """Do it, in bounded time, and return what the model reads of it.

        ``input`` is what a model or a person made up: it is checked here. Raises
        ``ToolUnusable``, whose sentence is for both of them.
        """
        ...
