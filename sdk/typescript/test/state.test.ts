import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "../src/index.ts";
import { emptyConversation, fold } from "../src/index.ts";
import { placeOf } from "../src/state.ts";

const ANSWER = "接地线 🔌 keeps you safe [1].";

/** A whole turn, its answer cut at every code point. */
function turnEvents(): Frame[] {
  const base = { sessionId: "c1", turnId: "t1" };
  const events: Record<string, unknown>[] = [
    {
      type: "message.created",
      messageId: "q1",
      role: "user",
      content: "why?",
      clientMessageId: "k1",
    },
    { type: "turn.started", messageId: "a1", model: "extractive", parentId: "q1" },
    { type: "status", status: "retrieving", msg: "Searching…", detail: {} },
    { type: "sources", items: [{ id: "s1", n: 1, documentId: "d1", title: "Safety", text: "…" }] },
    ...Array.from(ANSWER, (content, offset) => ({
      type: "token",
      messageId: "a1",
      content,
      offset,
    })),
    { type: "citation", messageId: "a1", start: 0, end: 23, sourceId: "s1" },
    { type: "done", messageId: "a1", finishReason: "stop", contentHash: "00" },
  ];
  return events.map((event, at) => ({ ...base, ...event, seq: at + 1 }) as unknown as Frame);
}

test("the fold of a turn is its question and its answer, and no turn is left running", () => {
  const state = turnEvents().reduce(fold, emptyConversation("c1"));

  assert.equal(state.messages.length, 2);
  assert.equal(state.messages[1]?.content, ANSWER);
  assert.equal(state.messages[1]?.streaming, false);
  assert.equal(state.messages[1]?.sources[0]?.id, "s1");
  assert.equal(state.turn, null);
});

test("an event is next, already folded, or tells that some are missing", () => {
  assert.equal(placeOf({ seq: 5 }, 4), "next");
  assert.equal(placeOf({ seq: 4 }, 4), "old");
  assert.equal(placeOf({ seq: 6 }, 4), "gap");
  assert.equal(placeOf({ seq: 9, covers: [5, 9] }, 4), "next");
  assert.equal(placeOf({ seq: 9, covers: [6, 9] }, 4), "gap");
});

test("an unknown type changes nothing", () => {
  const state = emptyConversation("c1");

  assert.equal(fold(state, { type: "aurora", seq: 1 }), state);
});

test("a reset withdraws whole characters, also beyond the basic plane", () => {
  const state = turnEvents().slice(0, -2).reduce(fold, emptyConversation("c1"));

  const reset = fold(state, {
    type: "answer.reset",
    sessionId: "c1",
    turnId: "t1",
    seq: 99,
    messageId: "a1",
    toOffset: 5,
  });

  assert.equal(reset.messages[1]?.content, "接地线 🔌");
});

test("a question that waits its turn does not hide what goes on now", () => {
  const running = turnEvents().slice(0, 4).reduce(fold, emptyConversation("c1"));

  const state = fold(running, {
    type: "status",
    sessionId: "c1",
    turnId: "t2",
    status: "queued",
    msg: "",
    seq: 9,
  });

  assert.equal(state.turn?.status, "retrieving");
});
