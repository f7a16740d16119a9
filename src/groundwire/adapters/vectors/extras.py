"""Libraries that are installed only by those who need them."""

from importlib import import_module
from typing import Any

from groundwire.model.errors import InvalidField


def need(module: str, *, extra: str) -> Any:
    """Import ``module``. Raises ``InvalidField`` that names the extra to install."""
    try:
        return import_module(module)
    except ImportError as error:
        raise InvalidField(
            "vectors",
            f"GROUNDWIRE_VECTORS needs a library that is not installed ({error}). "
            f"Install it with: pip install 'groundwire[{extra}]'",
        ) from error
