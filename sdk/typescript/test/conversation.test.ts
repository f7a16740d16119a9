import assert from "node:assert/strict";
import { test } from "node:test";
import { type Device, Devices } from "../src/devices.ts";
import { type Conversation, type Frame, Groundwire } from "../src/index.ts";
import { read, turnOf, until } from "./reader.ts";
import { TestServer } from "./server.ts";

test("older messages are loaded page by page, and what follows goes on", async (t) => {
  const server = await TestServer.for(t);
  const log = server.log();
  let parent: string | null = null;
  for (let n = 1; n <= 5; n += 1) {
    log.append(...turnOf(`Answer ${n}.`, `t${n}`, parent));
    parent = `at${n}`;
  }
  log.window = 4;
  const { conversation } = read(t, server);
  const newest = await until(conversation, (view) => view.loaded);
  assert.deepEqual([newest.messages.length, newest.hasMore], [4, true]);

  await Promise.all([conversation.older(3), conversation.older(3)]);
  assert.deepEqual([conversation.view.messages.length, conversation.view.hasMore], [7, true]);
  await conversation.older();
  assert.deepEqual([conversation.view.messages.length, conversation.view.hasMore], [10, false]);
  await conversation.older();

  assert.equal(conversation.view.messages[0]?.messageId, "qt1");
  assert.ok([...conversation.view.verified.values()].every((same) => same));
  assert.equal(conversation.view.verified.size, 5);
  log.append(...turnOf("More.", "t6", parent));
  await until(conversation, (view) => view.messages.length === 12);
});

test("what is between a branch far back and the newest messages is loaded, and nothing twice", async (t) => {
  const server = await TestServer.for(t);
  const log = server.log();
  let parent: string | null = null;
  for (let n = 1; n <= 60; n += 1) {
    log.append(...turnOf(`Answer ${n}.`, `t${n}`, parent));
    parent = `at${n}`;
  }
  log.window = 50;
  log.branch = ["qt1", "at1", "qt20", "at20"];
  const { conversation } = read(t, server);
  const newest = await until(conversation, (view) => view.loaded);
  assert.equal(newest.messages.length, 54);

  const lengths: number[] = [];
  while (conversation.view.hasMore) {
    await conversation.older(40);
    lengths.push(conversation.view.messages.length);
  }

  assert.deepEqual(lengths, [92, 120]);
  const ids = conversation.view.messages.map((message) => message.messageId);
  const all = Array.from({ length: 60 }, (_, at) => [`qt${at + 1}`, `at${at + 1}`]).flat();
  assert.deepEqual(ids, all);
});

test("a tool's call is allowed, with another input, or denied with a reason", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);

  await conversation.approve("ap1");
  await conversation.approve("ap2", { url: "https://example.org/" });
  await conversation.deny("ap3", "Not that page.");

  const decided = server.commands.received.map(
    ({ type, approvalId, approved, reason, editedInput }) => [
      type,
      approvalId,
      approved,
      reason,
      editedInput,
    ],
  );
  assert.deepEqual(decided, [
    ["tool_approval", "ap1", true, undefined, undefined],
    ["tool_approval", "ap2", true, undefined, { url: "https://example.org/" }],
    ["tool_approval", "ap3", false, "Not that page.", undefined],
  ]);
});

test("a page of history is the log's own events", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  server.log().append(...turnOf("Yes."));

  const page = await conversation.history({ before: 9, limit: 5 });

  assert.equal(page.events.length, server.log().head);
  assert.equal(page.epoch, "e1");
  const [asked] = server.commands.received;
  assert.deepEqual([asked?.["before"], asked?.["limit"]], [9, 5]);
});

test("a question goes on from the answer that it names", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);

  await conversation.ask("And then?", {
    parentId: "at1",
    onBusy: "cancel",
    language: "zh",
    attachments: ["d1"],
  });

  const [asked] = server.commands.received;
  assert.deepEqual(asked?.["attachments"], ["d1"]);
  assert.equal(asked?.["parentId"], "at1");
  assert.equal(asked?.["onBusy"], "cancel");
  assert.equal(asked?.["language"], "zh");
});

test("the other devices are known as long as they are there", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  await until(conversation, (view) => view.loaded);
  const other = { sessionId: "c1", connectionId: "n2", principal: "p1" };

  server.say({ type: "presence", ...other, state: "online" });
  server.say({ type: "read", ...other, upTo: 7 });
  server.say({ type: "typing", ...other });
  const [device] = (await until(conversation, (view) => view.others[0]?.isTyping === true)).others;
  assert.deepEqual(device, {
    connectionId: "n2",
    principal: "p1",
    state: "online",
    isTyping: true,
    seq: 7,
  });
  server.say({ type: "presence", ...other, state: "offline" });
  await until(conversation, (view) => view.others.length === 0);

  server.say({ type: "presence", ...other, state: "away" });
  await until(conversation, (view) => view.others[0]?.state === "away");
  server.cut();
  await until(conversation, (view) => view.others.length === 0);
});

test("somebody who types stops when nothing more is heard", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now: readonly Device[] = [];
  const devices = new Devices((others) => {
    now = others;
  });
  const typing = { type: "typing", connectionId: "n2", principal: "p1" };

  devices.receive(typing);
  t.mock.timers.tick(4_000);
  devices.receive(typing);
  t.mock.timers.tick(4_000);
  assert.equal(now[0]?.isTyping, true);
  t.mock.timers.tick(1_000);

  assert.equal(now[0]?.isTyping, false);
});

test("what is true only now is told to others, not too often, and again after a reconnect", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  server.log().append(...turnOf("Yes."));
  await until(conversation, (view) => view.verified.size === 1);
  const told = (): unknown[] =>
    server.commands.received.map(({ type, state, seq }) => [type, state, seq]);

  for (let key = 0; key < 5; key += 1) conversation.typing();
  conversation.read();
  conversation.presence("away");
  await conversation.history();
  assert.deepEqual(told().slice(0, 3), [
    ["typing", undefined, undefined],
    ["read", undefined, server.log().head],
    ["presence", "away", undefined],
  ]);

  server.cut();
  await until(conversation, (view) => !view.current);
  await until(conversation, (view) => view.current);
  await conversation.history();

  assert.equal(server.commands.received.filter(({ type }) => type === "presence").length, 2);
});

test("what was kept goes on from its cursor, in another program", async (t) => {
  const server = await TestServer.for(t);
  server.log().append(...turnOf("One.", "t1"));
  const first = read(t, server);
  await until(first.conversation, (view) => view.verified.has("at1"));
  const kept = JSON.stringify(first.conversation.view);
  const cursor = first.conversation.cursor() ?? "";
  first.groundwire.close();
  server.log().append(...turnOf("Two.", "t2", "at1"));
  const said: Frame[] = [];

  const groundwire = new Groundwire({
    baseUrl: server.url,
    observe: (frame) => said.push(frame as Frame),
  });
  t.after(() => groundwire.close());
  const conversation = groundwire.conversation("c1");
  conversation.restore(JSON.parse(kept) as Conversation, cursor);
  assert.equal(conversation.view.messages.length, 2);
  assert.equal(conversation.view.current, false);
  groundwire.connect();
  const view = await until(conversation, (now) => now.verified.has("at2"));

  assert.deepEqual(
    view.messages.map(({ content }) => content),
    ["?", "One.", "?", "Two."],
  );
  assert.ok(said.every(({ type }) => type !== "snapshot"));
  assert.ok(said.every(({ seq }) => seq === undefined || seq > Number(cursor.split(":")[1])));
});

for (const transport of ["websocket", "sse", "poll"] as const) {
  test(`all that is said over ${transport} is observed as it came`, async (t) => {
    const server = await TestServer.for(t);
    const said: object[] = [];
    const observe = (one: object): number => said.push(one);
    const { conversation } = read(t, server, { transports: [transport], observe });
    await until(conversation, (view) => view.loaded);

    await conversation.ask("What is a ground wire?");
    server.log().append(...turnOf("One.", "t1").slice(1));
    await until(conversation, (view) => view.verified.has("at1"));

    const frames = said.flatMap((one) => ("events" in one ? (one.events as object[]) : [one]));
    const types = frames.map((frame) => (frame as Frame).type);
    assert.ok(types.includes("ack") && types.includes("token") && types.includes("done"));
  });
}
