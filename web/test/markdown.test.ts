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
