/** The feeds of a workspace: what events make of them, and how they are followed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FeedChanged,
  feedInfo,
  foldFeeds,
  Knowledge,
  type LiveWorkspace,
  type WorkspaceView,
} from "../src/knowledge/index.ts";
import { read } from "./reader.ts";
import { TestServer } from "./server.ts";

const SITE = feedInfo({ id: "f1", kind: "site", address: "https://example.org/" });

function changed(change: FeedChanged["change"], more: object = {}): FeedChanged {
  const place = { workspaceId: "w1", seq: 1, ts: "2026-11-29T22:00:00.000Z" };
  return { type: "feed.changed", feedId: "f1", kind: "site", change, ...place, ...more };
}

test("an event says all of how a feed is: what it leaves out is not so any more", () => {
  const counts = { added: 2, changed: 0, removed: 0, unchanged: 0, refused: 1 };
  const refusals = [{ uri: "/private", code: "not_allowed", reason: "It is private." }];

  const failed = foldFeeds([SITE], changed("failed", { status: "failed", reason: "Gone." }));
  const synced = foldFeeds(failed ?? [], changed("synced", { counts, refusals, nextAt: "later" }));

  assert.equal(failed?.[0]?.reason, "Gone.");
  assert.deepEqual(synced, [{ ...SITE, counts, refusals, nextAt: "later" }]);
  assert.deepEqual(foldFeeds([SITE], changed("removed")), []);
});

test("what an event cannot tell has to be asked for", () => {
  assert.equal(foldFeeds([], changed("added")), null);
  assert.equal(foldFeeds([SITE], changed("changed")), null);
});

function until(workspace: LiveWorkspace, wanted: (view: WorkspaceView) => boolean): Promise<void> {
  return new Promise((resolve) => {
    workspace.subscribe((view) => wanted(view) && resolve());
  });
}

test("feeds are followed once somebody wants them, also those that others add", async (t) => {
  const server = await TestServer.for(t);
  const { groundwire } = read(t, server);
  const knowledge = new Knowledge(groundwire);
  const workspace = knowledge.attachWorkspace("w1");
  await until(workspace, (view) => view.loaded);
  server.log("w1").append(changed("added"));
  assert.equal(workspace.view.feeds, null);

  await workspace.followFeeds();
  assert.deepEqual(workspace.view.feeds, []);
  server.feeds.push(SITE);
  server.log("w1").append(changed("added"));
  await until(workspace, (view) => view.feeds?.[0]?.address === SITE.address);
  server.log("w1").append(changed("paused", { paused: true }));
  await until(workspace, (view) => view.feeds?.[0]?.paused === true);
  server.log("w1").append(changed("removed"));
  await until(workspace, (view) => view.feeds?.length === 0);
});
