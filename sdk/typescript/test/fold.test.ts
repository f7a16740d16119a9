/** The logs that the server's fold was recorded on: this fold has to give what it gave. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type Conversation,
  emptyConversation,
  type Frame,
  fold,
  fromSnapshot,
  pathThrough,
  type Snapshot,
} from "../src/index.ts";

interface Case {
  readonly name: string;
  readonly events: readonly Frame[];
  readonly snapshot: Snapshot;
}

const CASES = JSON.parse(
  readFileSync(new URL("../../../tests/fold/cases.json", import.meta.url), "utf8"),
) as readonly Case[];

/** What a snapshot tells: it has no usage, and of the turns only the first, without its details. */
function told({ messages, turn }: Conversation): object {
  return {
    messages: messages.map((message) => ({ ...message, usage: null })),
    turn: turn && { ...turn, detail: {} },
    shown: pathThrough(messages, new Map()).map((step) => [step.message.messageId, step.siblings]),
  };
}

for (const { name, events, snapshot } of CASES) {
  test(`as the server: ${name}`, () => {
    const folded = events.reduce(fold, emptyConversation(snapshot.sessionId));

    assert.deepEqual(told(folded), told(fromSnapshot(snapshot)));
  });

  test(`as the server, from a snapshot at any event: ${name}`, () => {
    const before = CASES.filter((one) => one.events.length < events.length);
    for (const one of before) {
      const cut = one.events.length;
      if (JSON.stringify(one.events) !== JSON.stringify(events.slice(0, cut))) continue;

      const resumed = events.slice(cut).reduce(fold, fromSnapshot(one.snapshot));

      assert.deepEqual(told(resumed), told(fromSnapshot(snapshot)));
    }
  });
}
