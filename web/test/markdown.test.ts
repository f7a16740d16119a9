import assert from "node:assert/strict";
import { test } from "node:test";
import { GrowingText, safeHref, splitCitations } from "../src/markdown/parse.ts";

const TEXT = `A **ground** wire [1].

| a | b |
| - | - |
| 1 | 2 |

1. one
2. two

   more of two

\`\`\`py
print("x")
\`\`\`

<script>alert(1)</script>

接地线 **很重要** [2]。

Two commands **list** it:
• df(1) by file system
• du(1) by tree
– with depth [1]
and more.
`;

/** The tree without the places in the source, which a part of a text cannot know. */
function shape(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, part) => (key === "position" ? undefined : part)));
}

test("a text parsed as it grows is, when done, the text parsed at once", () => {
  const growing = new GrowingText();
  for (let end = 0; end < TEXT.length; end += 3) growing.blocks(TEXT.slice(0, end), true);

  const grown = growing.blocks(TEXT, false);

  assert.deepEqual(
    grown.map((block) => shape(block.node)),
    new GrowingText().blocks(TEXT, false).map((block) => shape(block.node)),
  );
});

test("blocks that are finished are not made again when more text comes", () => {
  const growing = new GrowingText();
  const before = growing.blocks("# Title\n\nFirst.\n\nSec", true);
  const after = growing.blocks("# Title\n\nFirst.\n\nSecond", true);

  assert.equal(after[0], before[0]);
  assert.equal(after[1], before[1]);
});

/** What of the tree a reader sees, one line of text a line, two spaces for each list it is in. */
function seen(text: string): string {
  const lines = (node: unknown, depth: number): string => {
    const {
      type,
      value,
      children = [],
    } = node as {
      type: string;
      value?: string;
      children?: unknown[];
    };
    if (type === "break") return "\n";
    const inner = children.map((child) => lines(child, depth + (type === "list" ? 1 : 0))).join("");
    if (type === "paragraph") return `${"  ".repeat(depth)}${inner}\n`;
    return (value ?? "") + inner;
  };
  return new GrowingText()
    .blocks(text, false)
    .map((block) => lines(block.node, 0))
    .join("");
}

test("a line that its author ended stays a line of its own", () => {
  assert.equal(seen("$ tar -x a.tar\n$ cd a\n"), "$ tar -x a.tar\n$ cd a\n");
  assert.equal(seen("第一行\n第二行"), "第一行\n第二行\n");
});

test("lines that begin with a document's bullets are a list, dashes a list within it", () => {
  assert.equal(seen("Two:\n• one\n– deep\n•two\nend"), "Two:\n  one\n    deep\n  two\nend\n");
  assert.equal(seen("– one\n– two"), "  one\n  two\n");
  assert.equal(seen("一——二\n–one"), "一——二\n–one\n");
  assert.equal(seen("可以这样：\n‣ 甲\n‣ 乙"), "可以这样：\n  甲\n  乙\n");
});

test("a marker on a line of its own stays with the line that it vouches for", () => {
  assert.equal(seen("• one\n• two\n[1]"), "  one\n  two\n[1]\n");
});

test("emphasis that is still open is shown as emphasis, not as asterisks", () => {
  const [block] = new GrowingText().blocks("This is **impor", true);

  assert.equal(JSON.stringify(shape(block?.node)).includes("**"), false);
});

test("a marker cites only sources that there are", () => {
  const known = new Set([1, 2]);
  const numbers = (text: string): number[] =>
    splitCitations(text, known).flatMap((part) => ("numbers" in part ? [...part.numbers] : []));

  assert.deepEqual(numbers("so [1], and [2, 1]."), [1, 2, 1]);
  assert.deepEqual(numbers("因此 [1，2]。"), [1, 2]);
  assert.deepEqual(numbers("both [1][2]."), [1, 2]);
  assert.deepEqual(numbers("a list [3] and [0]"), []);
});

test("a link is followed only to the web or to mail", () => {
  assert.equal(safeHref("https://example.org/a"), "https://example.org/a");
  assert.equal(safeHref("javascript:alert(1)"), null);
  assert.equal(safeHref("data:text/html,x"), null);
  assert.equal(safeHref("/api/v1/logout"), null);
});
