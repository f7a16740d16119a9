/** The logs that the server's fold was recorded on: this fold has to give what it gave. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { emptyConversation, type Frame, fold, fromSnapshot, type Snapshot } from "../src/index.ts";
import { snapshotOf } from "./snapshot.ts";

interface Case {
  readonly name: string;
  readonly events: readonly Frame[];
  readonly snapshot: Snapshot;
}

const CASES = JSON.parse(
  readFileSync(new URL("../../../tests/fold/cases.json", import.meta.url), "utf8"),
) as readonly Case[];

for (const { name, events, snapshot } of CASES) {
  test(`as the server: ${name}`, () => {
    const folded = events.reduce(fold, emptyConversation(snapshot.sessionId));

    assert.deepEqual(snapshotOf(folded, snapshot.cursor), snapshot);
  });

  test(`a snapshot loses nothing: ${name}`, () => {
    assert.deepEqual(snapshotOf(fromSnapshot(snapshot), snapshot.cursor), snapshot);
  });

  test(`as the server, from a snapshot at any event: ${name}`, () => {
    const whole = events.reduce(fold, emptyConversation(snapshot.sessionId));
    for (let cut = 0; cut <= events.length; cut += 1) {
      const before = events.slice(0, cut).reduce(fold, emptyConversation(snapshot.sessionId));
      const sent = JSON.parse(JSON.stringify(snapshotOf(before, `e:${cut}`))) as Snapshot;

      assert.deepEqual(events.slice(cut).reduce(fold, fromSnapshot(sent)), whole);
    }
  });
}
