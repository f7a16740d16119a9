import assert from "node:assert/strict";
import { test } from "node:test";
import {
  emptyConversation,
  type Message,
  pathThrough,
  type SnapshotMessage,
  withOlder,
} from "../src/index.ts";

/** Messages, the oldest first: `q1`, or `a1<q1` for one that follows another. */
function messages(...told: string[]): readonly Message[] {
  return withOlder(emptyConversation("c1"), "", { messages: told.map(message), hasMore: false })
    .messages;
}

function message(told: string): SnapshotMessage {
  const [messageId = "", parentId, forkOf] = told.split(/[<~]/);
  const role = messageId.startsWith("q") ? "user" : "assistant";
  const turnId = `t${messageId.slice(1)}`;
  return {
    messageId,
    turnId,
    role,
    content: "",
    parentId: parentId || null,
    forkOf: forkOf ?? null,
  };
}

function ids(list: readonly Message[], choices: Record<string, string> = {}): string[] {
  return pathThrough(list, new Map(Object.entries(choices))).map((step) => step.message.messageId);
}

test("of two answers to one question the newest is shown, or the one that was chosen", () => {
  const list = messages("q1", "a1<q1", "a2<q1~a1");

  assert.deepEqual(ids(list), ["q1", "a2"]);
  assert.deepEqual(ids(list, { q1: "a1" }), ["q1", "a1"]);
  assert.deepEqual(pathThrough(list, new Map())[1]?.siblings, ["a1", "a2"]);
  assert.equal(pathThrough(list, new Map())[1]?.parent, "q1");
});

test("an older branch that was gone on with is where the newest message is", () => {
  const list = messages("q1", "a1<q1", "a2<q1~a1", "q3<a1", "a3<q3");

  assert.deepEqual(ids(list), ["q1", "a1", "q3", "a3"]);
  assert.deepEqual(ids(list, { q1: "a2" }), ["q1", "a2"]);
});

test("a question in other words stands beside the one that it was, the first one too", () => {
  const first = messages("q1", "a1<q1", "q2<~q1", "a2<q2");
  const second = messages("q1", "a1<q1", "q2<a1", "a2<q2", "q3<a1~q2");

  assert.deepEqual(ids(first), ["q2", "a2"]);
  assert.deepEqual(ids(first, { "": "q1" }), ["q1", "a1"]);
  assert.deepEqual(pathThrough(first, new Map())[0]?.siblings, ["q1", "q2"]);
  assert.deepEqual(ids(second), ["q1", "a1", "q3"]);
  assert.deepEqual(ids(second, { a1: "q2" }), ["q1", "a1", "q2", "a2"]);
});

test("while older messages are not loaded, the path to the newest one begins where it can", () => {
  const late = messages("q8<a7", "a8<q8", "q9<a8", "a9<q9");
  const oldForked = messages("q8<a7", "a8<q8", "a9<q3~a3");

  assert.deepEqual(ids(late), ["q8", "a8", "q9", "a9"]);
  assert.deepEqual(ids(oldForked), ["a9"]);
  assert.deepEqual(pathThrough(oldForked, new Map())[0]?.siblings, ["a9"]);
});

test("a log that does not say what follows what reads as a plain list", () => {
  assert.deepEqual(ids(messages("q1", "a1", "q2", "a2")), ["q1", "a1", "q2", "a2"]);
});

test("messages that follow each other in a circle end the path", () => {
  assert.ok(ids(messages("q1<a1", "a1<q1")).length <= 2);
});

test("older messages come before those that are there, each once", () => {
  const state = { ...emptyConversation("c1"), messages: messages("q2<a1", "a2<q2") };
  const page = { messages: ["q1", "a1<q1", "q2<a1"].map(message), hasMore: true };

  const whole = withOlder(state, "q2", page);

  assert.deepEqual(ids(whole.messages), ["q1", "a1", "q2", "a2"]);
  assert.equal(whole.hasMore, true);
});
