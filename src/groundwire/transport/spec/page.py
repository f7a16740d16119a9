"""The page at `/spec`: the text, then the routes over HTTP, in the look of the other page.

One file without a script and without anything from elsewhere.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from groundwire.transport.frames import PROTOCOL
from groundwire.transport.spec.meanings import type_text
from groundwire.transport.spec.openapi import EVERYWHERE
from groundwire.transport.spec.schemas import REF, Schema

STYLE = Path(__file__).with_name("page.css")
ROUTES = "Routes over HTTP"
BODIES = "Bodies over HTTP"
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
"""
_LINKS = """<p class="files"><a href="/spec/PROTOCOL.md">PROTOCOL.md</a>
<a href="/spec/asyncapi.json">asyncapi.json</a>
<a href="/spec/openapi.json">openapi.json</a></p>
"""

Heading = tuple[int, str, str]
"""Its level, its anchor and its text."""


def page(text: str, openapi: Schema, tokens: str) -> str:
    """Return the page; ``tokens`` are the colours and fonts, as CSS."""
    markdown = MarkdownIt("commonmark").enable("table")
    parsed = markdown.parse(f"{text}\n{_routes_in_markdown(openapi)}")
    headings = list(_anchored(parsed))
    _lead_from_here(parsed)
    style = _squeezed(tokens + STYLE.read_text("utf-8"))
    body = markdown.renderer.render(parsed, markdown.options, {})
    return (
        _HEAD.format(title=f"The conversation protocol {PROTOCOL}", style=style)
        + f"<nav>\n{_LINKS}{_contents(headings)}</nav>\n"
        + f"<main>\n{_with_scrolling_tables(body)}</main>\n</body>\n</html>\n"
    )


def _anchored(tokens: list[Token]) -> Iterator[Heading]:
    """Give headings the anchors that they have on GitHub, so that the text's links hold here."""
    used: Counter[str] = Counter()
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = inline.content.replace("`", "")
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        used[anchor] += 1
        if used[anchor] > 1:
            anchor = f"{anchor}-{used[anchor] - 1}"
        opening.attrSet("id", anchor)
        yield int(opening.tag[1]), anchor, text


def _lead_from_here(tokens: list[Token]) -> None:
    """Let links to the documents, which stand beside the text, lead to where they are served."""
    for token in (child for each in tokens for child in each.children or ()):
        target = str(token.attrGet("href") or "#")
        if token.type == "link_open" and not target.startswith("#"):
            token.attrSet("href", f"/spec/{target}")


def _contents(headings: list[Heading]) -> str:
    lines = ["<ul>"]
    is_open = False
    for level, anchor, text in headings:
        link = f'<a href="#{anchor}">{escape(text)}</a>'
        if level == 2:
            lines.append("</ul></li>" if is_open else "")
            lines.append(f"<li>{link}<ul>")
            is_open = True
        elif level == 3:
            lines.append(f"<li>{link}</li>")
    lines.append("</ul></li></ul>" if is_open else "</ul>")
    return "\n".join(line for line in lines if line) + "\n"


def _with_scrolling_tables(body: str) -> str:
    return body.replace("<table>", '<div class="table"><table>').replace(
        "</table>", "</table></div>"
    )


def _squeezed(css: str) -> str:
    """Return the style without comments and indentation; its hash stands in the policy."""
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)).strip()


def _routes_in_markdown(openapi: Schema) -> str:
    everywhere = ", ".join(f"`{code}`" for code in EVERYWHERE)
    lines = [f"## {ROUTES}", "", f"Any of them may answer with {everywhere}, too.", ""]
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            lines += [*_route(f"{method.upper()} {path}", operation), ""]
    lines += [f"## {BODIES}", ""]
    for name, schema in openapi["components"]["schemas"].items():
        # The others are those of the protocol, of which the text has told.
        if not name.endswith(("Command", "Frame", "Event", "Post")) or "oneOf" in schema:
            lines += [*_shape(name, schema), ""]
    return "\n".join(lines)


def _route(name: str, operation: Schema) -> Iterator[str]:
    yield f"### `{name}`"
    yield ""
    is_open = operation.get("security") == []
    yield f"{operation['summary']}.{' Open to all.' if is_open else ''}"
    yield ""
    answers = operation["responses"]
    yield from _table(
        ("", "type", ""),
        [
            *((f"`{each['name']}`", type_text(each["schema"]), each.get("description", each["in"]))
              for each in operation.get("parameters", ())),
            *(("body", body, "") for body in _bodies(operation.get("requestBody", {}))),
            *((f"answer {status}", " or ".join(_bodies(answer)), "")
              for status, answer in answers.items() if status < "4"),
        ],
    )  # fmt: skip
    codes = [code for answer in answers.values() for code in _codes(answer)]
    if codes:
        yield ""
        yield f"Errors: {', '.join(codes)}."


def _codes(answer: Schema) -> Iterator[str]:
    """Yield the codes of an error, of which its name is made."""
    for code in str(answer.get("$ref", "")).rpartition("/")[2].split("-"):
        if code and code not in EVERYWHERE:
            yield f"`{code}`"


def _bodies(answer: Mapping[str, Schema]) -> Iterator[str]:
    for type, content in answer.get("content", {}).items():
        ref = str(content.get("schema", {}).get("$ref", ""))
        yield _linked(ref.removeprefix(REF)) if ref else f"`{type}`"


def _shape(name: str, schema: Schema) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    if "oneOf" in schema:
        yield f"One of {', '.join(type_text(each) for each in schema['oneOf'])}."
        return
    if "description" in schema:
        yield schema["description"]
        yield ""
    yield from _table(
        ("field", "type", "meaning"),
        [
            (f"`{field}{'' if field in schema['required'] else '?'}`",
             type_text(each), each.get("description", ""))
            for field, each in schema["properties"].items()
        ],
    )  # fmt: skip


def _linked(name: str) -> str:
    anchor = "snapshot" if name == "SnapshotFrame" else name.lower()
    return f"[{name}](#{anchor})"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    yield from (f"| {' | '.join(row)} |" for row in rows)
