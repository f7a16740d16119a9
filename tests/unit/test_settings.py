from pathlib import Path

import pytest

from groundwire.model.errors import InvalidField
from groundwire.settings import FILE, load


def test_flags_come_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('port = 1\nhost = "::1"\nheartbeat = 7\n', encoding="utf-8")
    environment = {"GROUNDWIRE_PORT": "2", "GROUNDWIRE_HOST": "localhost"}
    loaded = load({"data": tmp_path, "port": 3, "host": None}, environment)
    assert (loaded.settings.port, loaded.settings.host) == (3, "localhost")
    assert loaded.settings.heartbeat == 7
    sources = [loaded.sources[name] for name in ("port", "host", "heartbeat", "limits")]
    assert sources == ["flag", "environment", "file", "default"]


def test_a_typo_in_the_environment_is_an_error_that_guesses_what_was_meant() -> None:
    with pytest.raises(InvalidField, match="Did you mean GROUNDWIRE_PORT"):
        load({}, {"GROUNDWIRE_PROT": "3001"})


def test_a_typo_in_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("prot = 3001\n", encoding="utf-8")
    with pytest.raises(InvalidField, match="prot"):
        load({"data": tmp_path}, {})


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "99999"), ("PORT", "many"), ("LIMITS", "maybe"), ("HEARTBEAT", "0")],
)
def test_a_value_out_of_range_names_its_setting_and_where_it_came_from(
    variable: str, value: str
) -> None:
    with pytest.raises(InvalidField, match=f"GROUNDWIRE_{variable} \\(environment\\)"):
        load({}, {f"GROUNDWIRE_{variable}": value})


def test_a_file_that_is_no_toml_says_so(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("port = = 1", encoding="utf-8")
    with pytest.raises(InvalidField, match="not valid TOML"):
        load({"data": tmp_path}, {})


def test_lists_and_tables_come_from_the_environment_too() -> None:
    environment = {
        "GROUNDWIRE_ALLOWED_HOSTS": "kb.example.org, wiki.example.org",
        "GROUNDWIRE_MODEL_ALIASES": "llama3=qwen2.5-1.5b-instruct",
    }
    settings = load({}, environment).settings
    assert settings.allowed_hosts == ("kb.example.org", "wiki.example.org")
    assert settings.model_aliases == {"llama3": "qwen2.5-1.5b-instruct"}


def test_folders_come_from_the_environment_and_the_file(tmp_path: Path) -> None:
    told = load({}, {"GROUNDWIRE_FOLDERS": "/srv/documents, /srv/mail"}).settings.folders
    assert told == (Path("/srv/documents"), Path("/srv/mail"))
    (tmp_path / FILE).write_text('folders = ["/srv/documents"]\n', encoding="utf-8")
    assert load({"data": tmp_path}, {}).settings.folders == (Path("/srv/documents"),)
    (tmp_path / FILE).write_text("folders = [7]\n", encoding="utf-8")
    with pytest.raises(InvalidField, match="FOLDERS"):
        load({"data": tmp_path}, {})


def test_no_tool_is_offered_unless_someone_says_so() -> None:
    environment = {"GROUNDWIRE_TOOLS": "fetch_page", "GROUNDWIRE_FETCH_ALLOWED": "wiki, [::1]:80"}

    assert load({}, {}).settings.tools == ()
    assert load({}, environment).settings.tools == ("fetch_page",)
    assert load({}, environment).settings.fetch_allowed == ("wiki", "[::1]:80")


def test_a_tool_that_there_is_not_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(
        InvalidField, match=r"`fetch_pag`, which is no tool\. There are: fetch_page"
    ):
        load({}, {"GROUNDWIRE_TOOLS": "fetch_page,fetch_pag"})


@pytest.mark.parametrize(
    "place",
    [
        "http://wiki",
        "wiki/page",
        "wiki:port",
        "wiki:0",
        "wiki:70000",
        "::1",
        "a b",
        "me@wiki",
        ":8",
    ],
)
def test_what_is_no_host_cannot_be_allowed(place: str) -> None:
    with pytest.raises(InvalidField, match="FETCH_ALLOWED takes hosts"):
        load({}, {"GROUNDWIRE_FETCH_ALLOWED": place})


def test_letting_everybody_in_needs_a_loopback_host() -> None:
    with pytest.raises(InvalidField, match="loopback"):
        load({"single_user": True, "host": "0.0.0.0"}, {})
