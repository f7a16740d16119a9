"""Runs the cases: each on every transport it has a meaning on, with every client of it."""

import asyncio
import importlib
import logging
import pkgutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from itertools import product

from groundwire.conformance import checks
from groundwire.conformance.cases import (
    CLIENTS,
    TRANSPORTS,
    Case,
    Client,
    Result,
    Row,
    Transport,
    load_cases,
)
from groundwire.conformance.seen import Broken
from groundwire.conformance.subject import Spawned, Subject
from groundwire.conformance.trial import Check, Trial, marked
from groundwire.conformance.wire import Ended

logger = logging.getLogger(__name__)

CASE_S = 60.0


def load_checks() -> dict[str, Check]:
    for module in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
        importlib.import_module(module.name)
    return marked


async def run_cases(
    subject: Subject,
    *,
    names: Sequence[str] = (),
    transports: Sequence[Transport] = TRANSPORTS,
    clients: Sequence[Client] = CLIENTS,
) -> AsyncIterator[Row]:
    """Yield a row for each case, transport and client, as they come."""
    known = load_checks()
    for case in load_cases():
        if names and case.name not in names:
            continue
        for transport, client in product(case.on, case.by):
            if transport in transports and client in clients:
                yield await _row(known, subject, case, transport, client)


async def _row(
    known: dict[str, Check], subject: Subject, case: Case, transport: Transport, client: Client
) -> Row:
    why = _why_not(case, subject, known)
    if why is None and client != "raw":
        why = "The cases are not driven through the client libraries yet."
    if why is not None:
        return Row(name=case.name, transport=transport, client=client, result="skip", why=why)
    result: Result = "pass"
    why = ""
    try:
        async with asyncio.timeout(CASE_S), AsyncExitStack() as stack:
            if isinstance(subject, Spawned):
                await subject.order("forget")
            await known[case.name](Trial(case, subject, transport, client, stack))
    except (Broken, Ended) as broken:
        result, why = "fail", str(broken)
    except TimeoutError:
        result, why = "fail", f"it took longer than {CASE_S:g} s"
    except Exception as error:
        logger.exception("case %s could not be run", case.name)
        result, why = "fail", f"{type(error).__name__}: {error}"
    return Row(name=case.name, transport=transport, client=client, result=result, why=why)


def _why_not(case: Case, subject: Subject, known: dict[str, Check]) -> str | None:
    """Say why a case is not run here, if it is not."""
    if case.needs == "cluster":
        return "It needs several nodes."
    if case.needs == "external":
        return "It needs the Autobahn suite, on Python 2.7: python -m bench.autobahn."
    if case.needs == "spawn" and not isinstance(subject, Spawned):
        return "It needs a server of its own: run with --spawn."
    if case.name not in known:
        return "It is not written yet."
    return None
