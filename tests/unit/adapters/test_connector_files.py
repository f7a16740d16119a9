import pytest

from groundwire.adapters.connectors.files import takes
from groundwire.model.feeds import FeedOptions


def taken(path: str, *, pictures: bool = True, include: tuple[str, ...] = ()) -> bool:
    return takes(FeedOptions(include=include), pictures=pictures)(path)


@pytest.mark.parametrize(
    "path",
    [
        ".env", ".git/HEAD", "a/.hidden/b.md", "node_modules/a.md", "x/vendor/y/a.md", "a.exe",
        "a.TAR", "package-lock.json", "app.min.js", "~$report.docx", "notes.txt~",
    ],
)  # fmt: skip
def test_what_is_no_text_of_a_person_is_left_out_unless_named(path: str) -> None:
    assert not taken(path)
    assert taken(path, include=(path.rpartition("/")[2],))


@pytest.mark.parametrize(
    "path", ["a.md", "docs/a.pdf", "src/main.py", "报告.docx", "a b.txt", "LICENSE"]
)
def test_the_rest_is_taken(path: str) -> None:
    assert taken(path)


def test_pictures_are_taken_where_they_are_wanted() -> None:
    assert taken("scan.png")
    assert not taken("logo.png", pictures=False)


def test_exclude_wins_over_include() -> None:
    options = FeedOptions(include=("docs/*", "*.md"), exclude=("*/draft*", "secret.md"))
    paths = [
        "docs/a.txt",
        "docs/x/b.txt",
        "c.md",
        "x/c.md",
        "docs/draft.md",
        "x/secret.md",
        "d.txt",
    ]

    assert [path for path in paths if takes(options, pictures=True)(path)] == [
        "docs/a.txt", "docs/x/b.txt", "c.md", "x/c.md",
    ]  # fmt: skip
