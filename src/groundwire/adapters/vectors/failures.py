"""What a store's library says of a failure, as a sentence of ours."""

import ssl

from groundwire.model.errors import VectorsUnavailable


def unavailable(store: str, error: Exception) -> VectorsUnavailable:
    """Say that ``store``, by its name and place, cannot be reached, or what is wrong with it."""
    # aiohttp has what the system said within an error of its own.
    cause = getattr(error, "os_error", error)
    if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError):
        return VectorsUnavailable(f"{store} cannot be reached. Is it running?")
    said = str(error).strip() or type(error).__name__
    return VectorsUnavailable(f"{store} failed. It says: “{said}”.")
