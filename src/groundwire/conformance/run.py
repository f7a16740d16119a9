"""Runs the cases: each on every transport it has a meaning on, with every client of it."""

import asyncio
import importlib
import logging
import pkgutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
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
from groundwire.conformance.driver import Driver, drive
from groundwire.conformance.seen import Broken, NotInstalled
from groundwire.conformance.subject import Spawned, Subject
from groundwire.conformance.trial import Check, Trial, marked
from groundwire.conformance.wire import Ended

logger = logging.getLogger(__name__)

CASE_S = 60.0


def load_checks() -> dict[str, Check]:
    for module in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
        importlib.import_module(module.name)
    return marked


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are wanted; an empty list is all of them."""

    cases: Sequence[str] = ()
    transports: Sequence[Transport] = ()
    clients: Sequence[Client] = ()

    def rows(self) -> Iterator[tuple[Case, Transport, Client]]:
        for case in load_cases():
            if not self.cases or case.name in self.cases:
                for transport, client in product(case.on, case.by):
                    if transport in (self.transports or TRANSPORTS) and client in (
                        self.clients or CLIENTS
                    ):
                        yield case, transport, client


async def run_cases(
    opening: Callable[[], AbstractAsyncContextManager[Subject]],
    wanted: Wanted,
    tell: Callable[[Row], None],
    *,
    lanes: int = 1,
) -> list[Row]:
    """Return the rows in the order of the cases; ``tell`` hears of each as it comes.

    So many ``lanes`` run beside each other, each with a subject of its own.
    """
    todo = deque(enumerate(wanted.rows()))
    rows: dict[int, Row] = {}

    async def work() -> None:
        async with opening() as subject, AsyncExitStack() as stack:
            lane = Lane(load_checks(), subject, stack)
            while todo:
                at, chosen = todo.popleft()
                rows[at] = await lane.row(*chosen)
                tell(rows[at])

    async with asyncio.TaskGroup() as tasks:
        for _ in range(lanes):
            tasks.create_task(work())
    return [rows[at] for at in sorted(rows)]


@dataclass(slots=True)
class Lane:
    """Runs one row after the other; client libraries are started when they are first needed."""

    known: dict[str, Check]
    subject: Subject
    stack: AsyncExitStack
    drivers: dict[Client, Driver] = field(default_factory=dict["Client", Driver])

    async def row(self, case: Case, transport: Transport, client: Client) -> Row:
        result: Result
        result, why = "skip", _why_not(case, self.subject, self.known)
        if why is None:
            result, why = await self._run(case, transport, client)
        return Row(name=case.name, transport=transport, client=client, result=result, why=why)

    async def _run(self, case: Case, transport: Transport, client: Client) -> tuple[Result, str]:
        try:
            async with asyncio.timeout(CASE_S), AsyncExitStack() as stack:
                if isinstance(self.subject, Spawned):
                    await self.subject.order("forget")
                driver = await self._driver(client)
                trial = Trial(case, self.subject, transport, client, stack, driver)
                await self.known[case.name](trial)
        except NotInstalled as missing:
            return "skip", str(missing)
        except (Broken, Ended) as broken:
            return "fail", str(broken)
        except TimeoutError:
            return "fail", f"it took longer than {CASE_S:g} s"
        except Exception as error:
            logger.exception("case %s could not be run", case.name)
            return "fail", f"{type(error).__name__}: {error}"
        return "pass", ""

    async def _driver(self, client: Client) -> Driver | None:
        if client == "raw":
            return None
        if client not in self.drivers:
            self.drivers[client] = await self.stack.enter_async_context(drive(client))
        return self.drivers[client]


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
