"""The command line. Each command imports what it needs only when it runs: help is at once."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from groundwire import __version__
from groundwire.model.errors import GroundwireError

KEYS = "Create, list and revoke API keys."
FEEDS = "Keep up with web pages, sites, Git repositories and folders."
MODELS = "List the models there are, and get more."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 is success, 1 an error that was told, 2 a wrong call."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except GroundwireError as error:
        print(f"groundwire: {error.message}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwire",
        description="A private AI knowledge assistant: documents in, cited answers out.",
    )
    parser.add_argument("--version", action="version", version=f"groundwire {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_ask(commands)
    _add_ingest(commands)
    _add_feed(commands)
    _add_key(commands)
    _add_model(commands)
    _add_doctor(commands)
    _add_conformance(commands)
    return parser


class Commands(Protocol):
    """What argparse's sub-parsers are, which it has no public name for."""

    def add_parser(self, name: str, *, help: str, description: str) -> argparse.ArgumentParser: ...


def _add(commands: Commands, name: str, help: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help, description=help)
    parser.add_argument("--data", type=Path, help="the data folder (default: ~/.groundwire)")
    return parser


def _add_serve(commands: Commands) -> None:
    parser = _add(commands, "serve", "Serve the page, the API and the WebSocket.")
    parser.add_argument("--host", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="the port (default: 3001); 0 takes a free one")
    parser.add_argument(
        "--single-user",
        action="store_true",
        default=None,
        help="let whoever is on this machine in as the owner, without a token",
    )
    parser.set_defaults(run=_serve)


def _add_ask(commands: Commands) -> None:
    parser = _add(commands, "ask", "Ask a question about files, here in the terminal.")
    parser.add_argument("question")
    parser.add_argument(
        "--with", dest="files", nargs="+", action="extend", type=Path, default=[], metavar="FILE",
        help="the documents to answer from",
    )  # fmt: skip
    parser.add_argument("--workspace", help="ask in this workspace, by name")
    parser.add_argument("--model", help="the model that answers (default: the best there is)")
    parser.add_argument(
        "--now", action="store_true",
        help="answer as soon as the words are indexed, before the meaning is",
    )  # fmt: skip
    parser.set_defaults(run=_ask)


def _add_ingest(commands: Commands) -> None:
    parser = _add(commands, "ingest", "Take documents in, and show how far each has come.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--workspace", help="into this workspace, by name; it is made if needed")
    parser.set_defaults(run=_ingest)


def _add_feed(commands: Commands) -> None:
    feeds = commands.add_parser("feed", help=FEEDS, description=FEEDS)
    each = feeds.add_subparsers(required=True, metavar="ACTION")
    _add_feed_add(each)
    listing = _add(each, "list", "List the feeds of a workspace, and how each stands.")
    listing.add_argument("--workspace", help="of this workspace, by name")
    listing.set_defaults(run=_feed_list)
    for name, help in (
        ("sync", "Look at the place of a feed now, and show what is found."),
        ("pause", "Leave a feed as it is until it is resumed."),
        ("resume", "Go on with a feed that was paused."),
        ("remove", "Forget a feed, and delete the documents that nobody else brought."),
    ):
        parser = _add(each, name, help)
        parser.add_argument("id", help="as `groundwire feed list` shows it")
        if name == "remove":
            parser.add_argument("--keep-documents", action="store_true", help="delete none of them")
        parser.set_defaults(run=_feed_do, action=name)


def _add_feed_add(each: Commands) -> None:
    parser = _add(each, "add", "Add a place, take its documents in, and print the feed's id.")
    parser.add_argument("kind", choices=["page", "site", "repository", "folder"])
    parser.add_argument("address", help="an address of the web, or the whole path of a folder")
    parser.add_argument("--workspace", help="to this workspace, by name; it is made if needed")
    parser.add_argument("--depth", type=int, help="of a site: so many links away (default: 3)")
    parser.add_argument("--pages", type=int, help="of a site: so many in all (default: 200)")
    parser.add_argument("--branch", help="of a repository (default: the one it names itself)")
    parser.add_argument(
        "--include", action="append", metavar="PATTERN", help="only what has such a path"
    )
    parser.add_argument(
        "--exclude", action="append", metavar="PATTERN", help="nothing that has such a path"
    )
    parser.add_argument("--interval", type=float, metavar="SECONDS", help="how often; 0: by hand")
    parser.set_defaults(run=_feed_add)


def _add_key(commands: Commands) -> None:
    keys = commands.add_parser("key", help=KEYS, description=KEYS)
    each = keys.add_subparsers(required=True, metavar="ACTION")
    create = _add(each, "create", "Create an API key; it is printed once, as the last line.")
    create.add_argument("name")
    create.add_argument("--role", choices=["reader", "editor", "owner"], default="owner")
    create.set_defaults(run=_key_create)
    listing = _add(each, "list", "List the API keys.")
    listing.set_defaults(run=_key_list)
    revoke = _add(each, "revoke", "Revoke an API key; connections made with it close.")
    revoke.add_argument("id")
    revoke.set_defaults(run=_key_revoke)


def _add_model(commands: Commands) -> None:
    models = commands.add_parser("model", help=MODELS, description=MODELS)
    each = models.add_subparsers(required=True, metavar="ACTION")
    listing = _add(each, "list", "List the models that can be asked now.")
    listing.set_defaults(run=_model_list)
    pull = _add(each, "pull", "Download a model; goes on where an earlier download stopped.")
    pull.add_argument("name", help="a name of the catalogue, or the URL of a GGUF file")
    pull.add_argument("--sha256", help="what the file must hash to")
    pull.set_defaults(run=_model_pull)


def _add_doctor(commands: Commands) -> None:
    parser = _add(
        commands, "doctor", "Show every setting, where it came from, and what is missing."
    )
    parser.set_defaults(run=_doctor)


def _add_conformance(commands: Commands) -> None:
    help = "Run the named cases of the protocol against a server."
    parser = commands.add_parser("conformance", help=help, description=help)
    parser.add_argument("url", nargs="?", help="the server, as in http://127.0.0.1:3001")
    parser.add_argument("--key", help="an API key of that server")
    parser.add_argument(
        "--spawn", action="store_true", help="start a server to be tested, with faults at hand"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json", dest="form", action="store_const", const="json",
        help="print the results as JSON",
    )  # fmt: skip
    form.add_argument(
        "--markdown", dest="form", action="store_const", const="markdown",
        help="print the results as a page of documentation",
    )  # fmt: skip
    parser.add_argument("--case", action="append", default=[], help="run this case only")
    parser.add_argument(
        "--transport", action="append", default=[], choices=["websocket", "sse", "poll"]
    )
    parser.add_argument(
        "--client", action="append", default=[], choices=["raw", "python", "typescript"]
    )
    parser.set_defaults(run=_conformance)


def _serve(options: argparse.Namespace) -> int:
    from groundwire.cli.serve import serve

    flags = {
        "data": options.data,
        "host": options.host,
        "port": options.port,
        "single_user": options.single_user,
    }
    return serve(flags)


def _ask(options: argparse.Namespace) -> int:
    from groundwire.cli.ask import Wish, ask

    return asyncio.run(ask({"data": options.data}, Wish(**_wish(options))))


def _wish(options: argparse.Namespace) -> dict[str, Any]:
    names = ("question", "files", "workspace", "model", "now")
    return {name: getattr(options, name) for name in names}


def _ingest(options: argparse.Namespace) -> int:
    from groundwire.cli.ask import ingest

    return asyncio.run(ingest({"data": options.data}, options.files, workspace=options.workspace))


def _feed_add(options: argparse.Namespace) -> int:
    from groundwire.cli import feeds

    names = ("depth", "pages", "branch", "include", "exclude")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    wish: dict[str, Any] = {"kind": options.kind, "address": options.address, "options": given}
    if options.interval is not None:
        wish["intervalS"] = options.interval
    return asyncio.run(feeds.add({"data": options.data}, wish, options.workspace))


def _feed_list(options: argparse.Namespace) -> int:
    from groundwire.cli import feeds

    return asyncio.run(feeds.show({"data": options.data}, options.workspace))


def _feed_do(options: argparse.Namespace) -> int:
    from groundwire.cli import feeds

    flags = {"data": options.data}
    match options.action:
        case "sync":
            work = feeds.sync(flags, options.id)
        case "remove":
            work = feeds.remove(flags, options.id, keep_documents=options.keep_documents)
        case action:
            work = feeds.pause(flags, options.id, paused=action == "pause")
    return asyncio.run(work)


def _key_create(options: argparse.Namespace) -> int:
    from groundwire.cli import keys

    return asyncio.run(keys.create({"data": options.data}, options.name, options.role))


def _key_list(options: argparse.Namespace) -> int:
    from groundwire.cli import keys

    return asyncio.run(keys.show({"data": options.data}))


def _key_revoke(options: argparse.Namespace) -> int:
    from groundwire.cli import keys

    return asyncio.run(keys.revoke({"data": options.data}, options.id))


def _model_list(options: argparse.Namespace) -> int:
    from groundwire.cli import models

    return asyncio.run(models.show({"data": options.data}))


def _model_pull(options: argparse.Namespace) -> int:
    from groundwire.cli import models

    return asyncio.run(models.pull({"data": options.data}, options.name, options.sha256))


def _doctor(options: argparse.Namespace) -> int:
    from groundwire.cli.doctor import doctor

    return asyncio.run(doctor({"data": options.data}))


def _conformance(options: argparse.Namespace) -> int:
    from groundwire.cli.conformance import conformance
    from groundwire.conformance.run import Wanted

    if bool(options.url) == options.spawn:
        print("groundwire: name a URL with --key, or --spawn.", file=sys.stderr)  # noqa: T201
        return 2
    wanted = Wanted(options.case, options.transport, options.client)
    return asyncio.run(conformance(options.url, options.key, wanted, options.form))
