"""Every setting, read once: flags, then the environment, then the file, then what is built in.

A variable with our prefix that names no setting is an error: it is a typo, and a silent typo
in a security setting is worse than a stop.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from groundwire.model.errors import InvalidField
from groundwire.model.refused import field_and_reason

PREFIX = "GROUNDWIRE_"
FILE = "groundwire.toml"
SECRETS = frozenset({"openai_api_key", "embedder_api_key", "reranker_api_key"})
TOOLS = ("fetch_page",)
"""The tools that there are."""

_LISTS = frozenset({"allowed_hosts", "model_hubs", "tools", "fetch_allowed", "folders"})

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Delay = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Bytes = Annotated[int, msgspec.Meta(ge=1024)]


def _home() -> Path:
    return Path.home() / ".groundwire"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be set. Times are in seconds, sizes in bytes."""

    data: Path = msgspec.field(default_factory=_home)
    """The folder that holds everything: database, index, files, models."""

    host: str = "127.0.0.1"
    """The address to listen on."""

    port: Port = 3001
    """The port to listen on; 0 takes a free one."""

    single_user: bool = False
    """Let whoever is on this machine in as the owner, without a token; only on loopback."""

    allowed_hosts: tuple[str, ...] = ()
    """Host names, beside those of this machine, under which the page may be reached."""

    limits: Literal["on", "off"] = "on"
    """`off` lifts caps and rate limits, for a test run."""

    model: str | None = None
    """The model that answers by default; without it, the best there is."""

    model_aliases: dict[str, str] = {}
    """Other names for models, as in `llama3=qwen2.5-1.5b-instruct`."""

    openai_base_url: str | None = None
    """An OpenAI-compatible endpoint, as in `http://127.0.0.1:8000/v1`."""

    openai_api_key: str | None = None
    """The key for that endpoint."""

    ollama_url: str | None = None
    """Where Ollama is; without it, it is looked for on this machine."""

    embedder: str = "embedded"
    """What finds documents by their meaning: `embedded`, `ollama:MODEL` or `openai:MODEL`."""

    embedder_url: str | None = None
    """Where that is, if not where the models are."""

    embedder_api_key: str | None = None
    """The key for that place."""

    vectors: str = "embedded"
    """Where vectors lie: `embedded`, `chroma`, `chroma+http://HOST:PORT` or
    `postgresql://USER:PASSWORD@HOST/NAME`."""

    reranker: str = "off"
    """What puts the best passages in order once more: `off`, `gguf:FILE` or `http:MODEL`."""

    reranker_url: str | None = None
    """Where that is, as in `http://127.0.0.1:8080/v1`: it is asked for `/rerank` below it."""

    reranker_api_key: str | None = None
    """The key for that place."""

    reranker_timeout: Seconds = 10.0
    """How long it may take for a question; then the order is what it was before."""

    model_hubs: tuple[str, ...] = ()
    """Where `groundwire model pull` looks, in order, as in
    `https://hub.example.org/{repository}/resolve/main/{file}`; without it, two public hubs."""

    first_token_timeout: Seconds = 120.0
    """How long a model may take to begin."""

    token_timeout: Seconds = 30.0
    """How long a model may be silent in the middle of an answer."""

    turn_timeout: Seconds = 900.0
    """How long an answer may take as a whole."""

    tools: tuple[str, ...] = ()
    """The tools that models are offered, as in `fetch_page`; without it, none."""

    approval_timeout: Seconds = 600.0
    """How long a person has to allow what a model wants to do; then it is not done."""

    fetch_allowed: tuple[str, ...] = ()
    """Hosts, as in `wiki.example.org` or `10.0.0.7:8080`, that `fetch_page` and feeds may read
    though they are not on the public internet."""

    folders: tuple[Path, ...] = ()
    """Folders of this machine, as in `/srv/documents`, that feeds may read, with all in them."""

    upload_bytes: Bytes = 512 * 1024 * 1024
    """The largest file that is taken in."""

    parse_timeout: Seconds = 120.0
    """How long reading one file may take."""

    compact_after: Delay = 3600.0
    """When the tokens of a finished answer may become a few events; 0 keeps them as they are."""

    heartbeat: Seconds = 30.0
    """How often a connection is shown to be alive."""

    idle_timeout: Seconds = 1800.0
    """How long a connection may stay without a command or a running answer."""

    frame_bytes: Bytes = 1024 * 1024
    """The largest frame that a client may send."""

    send_bytes: Bytes = 256 * 1024
    """How much may wait for one client to take it; its log is not read on meanwhile."""

    slow_reader_timeout: Seconds = 30.0
    """How long a client for which that much waits may take nothing of it."""

    connections: Count = 5000
    """How many connections this server takes."""

    connections_per_user: Count = 64
    """How many of them one user may have."""

    commands_per_minute: Count = 120
    """How many commands one connection may send in a minute."""

    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    """How much is logged."""

    def __post_init__(self) -> None:
        if self.single_user and self.host not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError(
                "single_user lets everybody in who can reach the port: it needs a loopback host"
            )
        for name in self.tools:
            if name not in TOOLS:
                raise ValueError(
                    f"{PREFIX}TOOLS names `{name}`, which is no tool. There are: {', '.join(TOOLS)}"
                )
        for folder in self.folders:
            if not folder.is_absolute():
                raise ValueError(
                    f"{PREFIX}FOLDERS takes whole paths, as in `/srv/documents`; `{folder}` is none"
                )
        for place in self.fetch_allowed:
            if not _is_place(place):
                raise ValueError(
                    f"{PREFIX}FETCH_ALLOWED takes hosts, as in `wiki.example.org` or "
                    f"`10.0.0.7:8080`; `{place}` is none"
                )


Source = Literal["flag", "environment", "file", "default"]


class Loaded(msgspec.Struct, frozen=True):
    """The settings, and where each came from."""

    settings: Settings
    sources: dict[str, Source]


def load(flags: Mapping[str, object], environment: Mapping[str, str] | None = None) -> Loaded:
    """Read the settings. Raises ``InvalidField`` that names the setting and what is wrong."""
    environment = os.environ if environment is None else environment
    given = {name: value for name, value in flags.items() if value is not None}
    from_environment = _from_environment(environment)
    folder = Path(str(given.get("data") or from_environment.get("data") or _home()))
    from_file = _from_file(folder / FILE)
    values = {**from_file, **from_environment, **given, "data": folder.expanduser().resolve()}
    sources: dict[str, Source] = {}
    for name in Settings.__struct_fields__:
        sources[name] = (
            "flag" if name in given
            else "environment" if name in from_environment
            else "file" if name in from_file
            else "default"
        )  # fmt: skip
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise _explain(error, sources) from error
    return Loaded(settings, sources)


def _path(kind: type, value: object) -> object:
    """Read a path, which is all that msgspec does not know of."""
    if not isinstance(value, str | Path):
        raise TypeError("Expected a path")
    return kind(value)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        _check_name(name, variable)
        found[name] = _parts(name, value)
    return found


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidField(FILE, f"{path} is not valid TOML: {error}.") from error
    for name in found:
        _check_name(name, f"{name} in {path}")
        if name == "data":
            raise InvalidField(name, f"`data` says where {FILE} is: it cannot be set in it.")
    return found


def _check_name(name: str, where: str) -> None:
    if name not in Settings.__struct_fields__:
        close = difflib.get_close_matches(name, Settings.__struct_fields__, n=1)
        hint = f" Did you mean {PREFIX}{close[0].upper()}?" if close else ""
        raise InvalidField(where, f"There is no setting {where}.{hint}")


def _parts(name: str, value: str) -> object:
    """Read a list (`a,b`) or a table (`a=b,c=d`) where the setting is one."""
    if name in _LISTS:
        return [part.strip() for part in value.split(",") if part.strip()]
    if name == "model_aliases":
        pairs = (part.partition("=") for part in value.split(",") if part.strip())
        return {alias.strip(): model.strip() for alias, _, model in pairs}
    if value.lower() in {"on", "off"} and name == "single_user":
        return value.lower() == "on"
    return value


def _is_place(text: str) -> bool:
    """Say whether ``text`` is a host, or a host with its port."""
    try:
        place = urlsplit(f"//{text}")
        is_host = bool(place.hostname) and place.port != 0
    except ValueError:
        return False
    return is_host and place.netloc == text and not re.search(r"[\s@]", text)


def _explain(error: msgspec.ValidationError, sources: Mapping[str, Source]) -> InvalidField:
    field, reason = field_and_reason(error)
    name = field.partition("[")[0]
    where = f"{PREFIX}{name.upper()} ({sources[name]})" if name in sources else "the settings"
    return InvalidField(name or "settings", f"{where}: {reason}.")
