/** Another embedder takes over: what a workspace's view says of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Knowledge, type LiveWorkspace, type WorkspaceView } from "../src/knowledge/index.ts";
import { read } from "./reader.ts";
import { TestServer } from "./server.ts";

const COMING = { embedder: "ollama:two", done: 1, total: 9, reason: null };
const EVENT = { workspaceId: "w1", seq: 1, ts: "2026-11-29T22:00:00.000Z", embedder: "ollama:two" };

function until(workspace: LiveWorkspace, wanted: (view: WorkspaceView) => boolean): Promise<void> {
  return new Promise((resolve) => {
    workspace.subscribe((view) => wanted(view) && resolve());
  });
}

test("how far another embedder is is read at first, and then follows its events", async (t) => {
  const server = await TestServer.for(t);
  server.coming = COMING;
  const { groundwire } = read(t, server);
  const workspace = new Knowledge(groundwire).attachWorkspace("w1");
  await until(workspace, (view) => view.loaded);
  assert.deepEqual(workspace.view.changeover, COMING);

  const changing = { ...EVENT, type: "embedder.changing", done: 5, total: 9, reason: "Away." };
  server.log("w1").append(changing);
  await until(workspace, (view) => view.changeover?.done === 5);
  assert.equal(workspace.view.changeover?.reason, "Away.");

  server.log("w1").append({ ...EVENT, type: "embedder.changed" });
  await until(workspace, (view) => view.changeover === null);
  assert.deepEqual(workspace.view.documents, []);
});
