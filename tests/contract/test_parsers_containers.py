"""Mail, mailboxes and archives: what is in them is read, each part for itself."""

import asyncio
import os
import signal
from email.message import EmailMessage
from pathlib import Path

import pytest

from groundwire.adapters.parsers.pool import Limits, ParserPool
from groundwire.model.documents import Parsed
from tests.files import odf, read, refused, report, zipped
from tests.ole import compound, outlook, streams

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPORT = bytes(report(2).output())


def letter(subject: str = "The lamp", text: str = "It burns oil. 它烧油。") -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "Ada <ada@example.org>"
    message["To"] = "Keeper <keeper@example.org>"
    message["Date"] = "Sun, 01 Nov 2026 10:00:00 +0000"
    message.set_content(text)
    return message


def said(parsed: Parsed) -> list[tuple[str, tuple[str, ...], str]]:
    return [(block.part, block.headings, block.text) for block in parsed.blocks]


def lost(parsed: Parsed) -> list[tuple[str, str]]:
    return [(each.where, each.code) for each in parsed.unread]


SENT = "Date: Mon, 18 Aug 2025 14:13:20 +0000"
FIELDS = (
    "Subject: {}\nFrom: Ada <ada@example.org>\nTo: Keeper <keeper@example.org>\n"
    "Date: Sun, 01 Nov 2026 10:00:00 +0000"
)


# -- Archives -----------------------------------------------------------------------------------


async def test_each_file_of_an_archive_is_a_part_with_its_pages(
    parser: ParserPool, tmp_path: Path
) -> None:
    content = zipped({"a/report.pdf": REPORT, "notes.md": "# Oil\n\nWhale oil.", "a/.hidden": "x"})

    parsed = await read(parser, tmp_path, "all.zip", content)

    (page,) = [block for block in parsed.blocks if "180 nights" in block.text]
    assert (page.part, page.page) == ("a/report.pdf", 2)
    assert page.headings == ("a/report.pdf", "Chapter about year 2")
    assert said(parsed)[-1] == ("notes.md", ("notes.md", "Oil"), "Whale oil.")
    assert (parsed.pages, parsed.unread) == (None, ())


async def test_a_broken_file_of_an_archive_says_why_and_the_others_are_read(
    parser: ParserPool, tmp_path: Path
) -> None:
    inner = zipped({"deep.txt": "Deep.", "cut.pdf": REPORT[:700]})
    content = zipped(
        {
            "good.txt": "Good.",
            "cut.pdf": REPORT[:700],
            "tool.exe": b"MZ\x90" + bytes(100),
            "bomb.txt": b" " * (30 << 20),
            "inner.zip": inner,
        }
    )

    parsed = await read(parser, tmp_path, "mixed.zip", content)

    assert said(parsed) == [
        ("good.txt", ("good.txt",), "Good."),
        ("inner.zip/deep.txt", ("inner.zip", "deep.txt"), "Deep."),
    ]
    assert lost(parsed) == [
        ("cut.pdf", "broken"),
        ("tool.exe", "unknown_type"),
        ("bomb.txt", "too_large"),
        ("inner.zip › cut.pdf", "broken"),
    ]


async def test_an_archive_of_nothing_that_can_be_read_fails_with_the_first_reason(
    parser: ParserPool, tmp_path: Path
) -> None:
    message = await refused(
        parser, tmp_path, "b.zip", zipped({"cut.pdf": REPORT[:700], "b.exe": b"MZ\x90"}), "broken"
    )

    assert "cut.pdf" in message


async def test_archives_are_opened_to_a_depth(parser: ParserPool, tmp_path: Path) -> None:
    content = b"Treasure."
    for depth in range(5):
        content = zipped({f"{depth}.zip" if depth else "t.txt": content, "here.txt": "Here."})

    parsed = await read(parser, tmp_path, "deep.zip", content)

    assert [block.part.count("/") for block in parsed.blocks] == [2, 1, 0]
    assert [each.code for each in parsed.unread] == ["too_large"]


async def test_names_in_the_encoding_of_an_older_system_are_read(
    parser: ParserPool, tmp_path: Path
) -> None:
    name = "价格/茶壶表.txt"
    content = zipped({"x" * len(name.encode("gb18030")): "Good."})
    content = content.replace(b"x" * len(name.encode("gb18030")), name.encode("gb18030"))

    parsed = await read(parser, tmp_path, "old.zip", content)

    assert [block.part for block in parsed.blocks] == [name]


async def test_a_file_that_ends_its_parser_costs_itself_only(tmp_path: Path) -> None:
    parser = ParserPool(size=1)
    await parser.warm()
    slow = b"a,b,c\n" + b'"x",y,z\n' * 300_000
    content = zipped({"1.txt": "First.", "2.csv": slow, "3.txt": "Third."})
    try:
        reading = asyncio.create_task(read(parser, tmp_path, "crash.zip", content))
        while not (busy := parser.busy()):  # noqa: ASYNC110 (there is no event for it)
            await asyncio.sleep(0)
        await asyncio.sleep(0.15)  # it has come to the second by now, which takes a second
        os.kill(busy[0], signal.SIGSEGV)
        parsed = await reading
    finally:
        await parser.close()

    assert [block.text for block in parsed.blocks] == ["First.", "Third."]
    assert lost(parsed) == [("2.csv", "broken")]


async def test_each_file_of_an_archive_has_the_time_of_a_file(tmp_path: Path) -> None:
    parser = ParserPool(limits=Limits(wall_s=0.5), size=1)
    await parser.warm()
    slow = "a,b\n" + "".join(f"{n},{n * 7919}\n" for n in range(1_000_000))
    try:
        parsed = await read(
            parser, tmp_path, "slow.zip", zipped({"1.csv": slow, "2.txt": "Second."})
        )
    finally:
        await parser.close()

    assert [block.text for block in parsed.blocks] == ["Second."]
    assert lost(parsed) == [("1.csv", "timed_out")]


# -- Mail ---------------------------------------------------------------------------------------


async def test_a_mail_is_read_with_its_attachments(parser: ParserPool, tmp_path: Path) -> None:
    message = letter()
    message.add_alternative("<p>It burns <b>oil</b>.</p>", subtype="html")
    message.add_attachment(REPORT, maintype="application", subtype="pdf", filename="报告.pdf")
    message.add_attachment(letter("Inner", "Within."), filename=None)

    parsed = await read(parser, tmp_path, "m.eml", message.as_bytes())

    assert said(parsed)[:3] == [
        ("", (), "The lamp"),
        ("", ("The lamp",), FIELDS.format("The lamp")),
        ("", ("The lamp",), "It burns oil. 它烧油。"),
    ]
    (page,) = [block for block in parsed.blocks if "180 nights" in block.text]
    assert (page.part, page.page) == ("报告.pdf", 2)
    assert said(parsed)[-1] == ("Inner.eml", ("Inner.eml", "Inner"), "Within.")


async def test_a_mail_in_html_alone_keeps_its_table(parser: ParserPool, tmp_path: Path) -> None:
    message = letter()
    message.set_content(
        "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Oil</td><td>12</td></tr></table>",
        subtype="html",
    )

    parsed = await read(parser, tmp_path, "m.eml", message.as_bytes())

    assert said(parsed)[-1] == ("", ("The lamp",), "Item | Price\nOil | 12")


async def test_each_message_of_a_mailbox_is_a_part_by_its_subject(
    parser: ParserPool, tmp_path: Path
) -> None:
    texts = ["First.", "Second.\n>From here on.", "Third."]
    content = b"".join(
        b"From ada@example.org Sun Nov  1 10:00:00 2026\n" + message.as_bytes() + b"\n"
        for message in (letter("灯 Re: lamp", text) for text in texts)
    )

    parsed = await read(parser, tmp_path, "old.mbox", content)

    names = ["灯 Re: lamp", "灯 Re: lamp (2)", "灯 Re: lamp (3)"]
    assert list(dict.fromkeys(block.part for block in parsed.blocks)) == names
    assert [block.text for block in parsed.blocks if block.part == names[1]][-2:] == [
        "Second.",
        "From here on.",
    ]


async def test_a_mail_of_outlook_is_read_with_its_attachments(
    parser: ParserPool, tmp_path: Path
) -> None:
    inner = outlook({0x37: "Inner", 0x1000: "Within."}, top=False)
    content = compound(
        outlook(
            {0x37: "灯塔", 0xC1A: "Ada", 0x5D01: "ada@example.org", 0x1000: "It burns oil."},
            streams({0x3707: "notes.odt", 0x3701: odf("text", "<text:p>Whale oil.</text:p>")}),
            {"__substg1.0_3701000D": inner},
        )
    )

    parsed = await read(parser, tmp_path, "m.msg", content)

    assert said(parsed) == [
        ("", (), "灯塔"),
        (
            "",
            ("灯塔",),
            f"Subject: 灯塔\nFrom: Ada <ada@example.org>\n{SENT}",
        ),
        ("", ("灯塔",), "It burns oil."),
        ("notes.odt", ("notes.odt",), "Whale oil."),
        ("Inner.eml", ("Inner.eml",), "Inner"),
        (
            "Inner.eml",
            ("Inner.eml", "Inner"),
            f"Subject: Inner\n{SENT}",
        ),
        ("Inner.eml", ("Inner.eml", "Inner"), "Within."),
    ]


# The first example of [MS-OXRTFCP], section 4.1.
HELLO = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c0900206277"
    "05b06c647d0a800fa0"
)


@pytest.mark.parametrize(
    ("rich", "text", "lost"),
    [
        (HELLO, ["hello world"], []),
        (HELLO[:30], [], ["message.rtf"]),
        (b"LZFu", [], ["message.rtf"]),
    ],
    ids=["whole", "cut", "none"],
)
async def test_a_mail_of_outlook_whose_text_is_rtf_alone_is_read(
    parser: ParserPool, tmp_path: Path, rich: bytes, text: list[str], lost: list[str]
) -> None:
    content = compound(outlook({0x37: "Greeting", 0x1009: rich}))

    parsed = await read(parser, tmp_path, "m.msg", content)

    assert [block.text for block in parsed.blocks if block.part == "message.rtf"] == text
    assert [each.where for each in parsed.unread] == lost
    assert any("Subject: Greeting" in block.text for block in parsed.blocks)
