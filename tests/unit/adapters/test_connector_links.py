import pytest
from yarl import URL

from groundwire.adapters.connectors.links import MAX_TITLE, MOST_LINKS, plain, read_outline

HERE = URL("https://example.org/docs/a.html")


def links(html: str) -> list[str]:
    return [str(link) for link in read_outline(html.encode(), HERE).links]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="b.html">b</a>', "https://example.org/docs/b.html"),
        ("<A HREF='/b'>b</A>", "https://example.org/b"),
        ("<a class=x href=../b>b</a>", "https://example.org/b"),
        ('<a href="b?x=1&amp;y=2#part">b</a>', "https://example.org/docs/b?x=1&y=2"),
        ('<a\nhref="//other.example/c">c</a>', "https://other.example/c"),
        ('<a href="b?utm_source=x&z=1">b</a>', "https://example.org/docs/b?z=1"),
        ('<iframe src="frame.html">', "https://example.org/docs/frame.html"),
        ('<base href="/root/"><a href="b">b</a>', "https://example.org/root/b"),
        ('<a href="报告.html">', "https://example.org/docs/%E6%8A%A5%E5%91%8A.html"),
    ],
)
def test_links_are_whole_addresses(html: str, found: str) -> None:
    assert links(html) == [found]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="mailto:ada@example.org">',
        '<a href="javascript:alert(1)">',
        '<a href="ftp://example.org/x">',
        '<a href="http://[::1">',
        '<a href="">',
        '<a name="x">',
        '<a href="/b" rel="nofollow">',
        '<!-- <a href="/b"> -->',
        '<!-- <a href="/b">',
        '<meta name="robots" content="NoFollow"><a href="/b">',
        f'<a href="/{"b" * 2100}">',
    ],
)
def test_what_leads_nowhere_that_robots_go_is_no_link(html: str) -> None:
    assert links(html) == []


def test_a_link_is_taken_once_and_not_too_many() -> None:
    many = "".join(f'<a href="{number // 2}">' for number in range(4 * MOST_LINKS))

    assert links(many) == [f"https://example.org/docs/{number}" for number in range(MOST_LINKS)]


def test_the_title_is_one_line_in_the_encoding_of_the_page() -> None:
    page = "<meta charset=gb2312><title lang=zh>\n 灯塔 &amp;\n灯 </title>".encode("gb2312")

    assert read_outline(page, HERE).title == "灯塔 & 灯"
    assert len(read_outline(b"<title>" + b"x" * 5_000, HERE).title) == MAX_TITLE
    assert read_outline(b"<meta charset=nothing><p>", HERE).title == ""


def test_a_page_may_wish_not_to_be_found() -> None:
    assert not read_outline(b'<meta name=robots content="noindex">', HERE).is_indexed
    assert not read_outline(b'<meta content="none" name="robots">', HERE).is_indexed
    assert read_outline(b'<meta name="robots" content="index, follow">', HERE).is_indexed


@pytest.mark.parametrize("piece", ["<a ", "<!--", "<title", "<a href=", "<a href='"])
def test_a_page_made_to_take_long_is_read_in_one_go(piece: str) -> None:
    assert read_outline(piece.encode() * 200_000, HERE).links == ()


def test_addresses_that_mean_the_same_are_the_same() -> None:
    same = ["https://Example.org:443/a#x", "https://example.org/a?utm_medium=mail"]

    assert {str(plain(URL(each))) for each in same} == {"https://example.org/a"}
