import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToolUse } from "@groundwire/client";
import { whyReturned } from "../src/chat/returned.ts";
import { isIn } from "../src/chat/status.ts";
import { toolInput, toolState } from "../src/chat/tools.ts";
import { type Shown, shownAfter } from "../src/chat/withdrawn.ts";
import { en } from "../src/i18n/en.ts";
import { zh } from "../src/i18n/zh.ts";

/** What is on the screen after each of the texts that an answer had. */
function screens(...contents: string[]): Shown[] {
  const shown: Shown[] = [];
  for (const content of contents) shown.push(shownAfter(shown.at(-1) ?? null, content, true));
  return shown;
}

test("text that grows is shown as it is", () => {
  assert.deepEqual(
    screens("A", "A ground", "A ground wire").map(({ text, faded }) => [text, faded]),
    [
      ["A", false],
      ["A ground", false],
      ["A ground wire", false],
    ],
  );
});

test("withdrawn text stays, faded, until something comes instead", () => {
  assert.deepEqual(
    screens("A ground wire", "A ", "A ", "A way").map(({ text, faded }) => [text, faded]),
    [
      ["A ground wire", false],
      ["A ground wire", true],
      ["A ground wire", true],
      ["A way", false],
    ],
  );
});

test("an answer that is withdrawn twice keeps what was read; one that is done shows its text", () => {
  const [, , last] = screens("A ground wire", "A ", "");

  assert.deepEqual([last?.text, last?.faded], ["A ground wire", true]);
  assert.deepEqual(shownAfter(last ?? null, "", false), { content: "", text: "", faded: false });
});

test("a tool's call is told in a word, and what it was given in short texts", () => {
  const tool = { status: "called", code: null, input: { url: "https://example.org/", limit: 5 } };
  const state = (change: object, running = true): string =>
    toolState({ ...tool, ...change } as unknown as ToolUse, running, en);

  assert.equal(state({}), "Running…");
  assert.equal(state({ status: "approved" }), "Allowed, running…");
  assert.equal(state({}, false), "Not finished");
  assert.equal(state({ status: "done" }), "Done");
  assert.equal(state({ status: "denied" }), "Denied");
  assert.equal(state({ status: "denied", code: "approval_expired" }), "Not allowed in time");
  assert.equal(
    state({ status: "denied", code: "conflict" }),
    "Not decided: the answer ended first",
  );
  assert.deepEqual(toolInput(tool as unknown as ToolUse), [
    ["url", "https://example.org/"],
    ["limit", "5"],
  ]);
});

test("a sentence of the server is shown to whom it is said in their language", () => {
  assert.equal(isIn("en", "Fetch the page?"), true);
  assert.equal(isIn("zh", "Fetch the page?"), false);
  assert.equal(isIn("zh", "获取页面？"), true);
  assert.equal(isIn("en", ""), false);
});

test("why a correction was not applied is told as far as it is known", () => {
  const reasons = ["cancelled", "error", "interrupted", "another reason", null];
  const told = reasons.map((reason) => whyReturned(reason, en));

  assert.deepEqual(told.slice(-2), ["Correction that was not applied", en.notApplied]);
  assert.equal(new Set(told.slice(0, 4)).size, 4);
  assert.equal(whyReturned("cancelled", zh), "未采用：回答已先被停止");
});
