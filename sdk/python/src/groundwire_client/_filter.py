"""What a search or a question is limited to."""

from datetime import datetime

import msgspec


class Filter(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Which documents count: those that meet every criterion that is given, by any of its values.

    ``collections`` are ids; ``types`` say what kind of file, as in ``pdf``, ``docx``, ``mail``.
    ``since`` and ``until`` are about when its present bytes came: from the first on, before the
    second.
    """

    documents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
