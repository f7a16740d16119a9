"""`python -m groundwire.transport.spec [release]`: write the documents; `make spec` does."""

import json
import sys

from groundwire.transport.spec.breaking import breaking_in_asyncapi, breaking_in_openapi
from groundwire.transport.spec.documents import ASYNCAPI, FOLDER, OPENAPI, RELEASED, documents

COMPARE = {ASYNCAPI: breaking_in_asyncapi, OPENAPI: breaking_in_openapi}


def write() -> dict[str, str]:
    made = documents()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return made


def release() -> list[str]:
    """Make what there is the baseline, unless it breaks an earlier one."""
    made = write()
    broken: list[str] = []
    for name, breaking in COMPARE.items():
        if (RELEASED / name).exists():
            was = json.loads((RELEASED / name).read_text("utf-8"))
            broken += breaking(was, json.loads(made[name]))
    if not broken:
        RELEASED.mkdir(parents=True, exist_ok=True)
        for name in COMPARE:
            (RELEASED / name).write_text(made[name], encoding="utf-8")
    return broken


if __name__ == "__main__":
    if sys.argv[1:] != ["release"]:
        write()
    elif found := release():
        sys.exit("\n".join(["This would break clients of the released protocol:", *found]))
