/** The ways to the server: over each an answer is whole, and one takes the place of another. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "../src/index.ts";
import { Knowledge } from "../src/knowledge/index.ts";
import { EventReader } from "../src/sse.ts";
import { Refused } from "./commands.ts";
import { ANSWER, read, turnOf, until, untilStatus } from "./reader.ts";
import { TestServer } from "./server.ts";

const SHORT = "Ground 接地 🔌 [1].";

for (const transport of ["sse", "poll"] as const) {
  const transports = [transport];

  test(`over ${transport} one asks, follows and proves an answer`, async (t) => {
    const server = await TestServer.for(t);
    const { conversation } = read(t, server, { transports });

    await conversation.ask("What is a ground wire?");
    server.log().append(...turnOf(ANSWER, "t1").slice(1));
    const view = await until(conversation, (now) => now.verified.has("at1"));

    assert.equal(view.messages[1]?.content, ANSWER);
    assert.equal(view.verified.get("at1"), true);
    assert.deepEqual(view.pending, []);
    assert.ok(server.opened.every((one) => one === transport));
  });

  test(`over ${transport} an answer cut at any event is whole and proved`, async (t) => {
    const events = turnOf(SHORT);
    // A page of the test's server has two events.
    const cuts = transport === "poll" ? events.length / 2 : events.length;
    for (let cut = 0; cut < cuts; cut += 1) {
      const server = await TestServer.for(t);
      const { groundwire, conversation } = read(t, server, { transports });
      await until(conversation, (view) => view.loaded);
      server.cutAfter = cut;

      server.log().append(...events);
      const view = await until(conversation, (now) => now.verified.has("at1"));

      assert.equal(view.messages[1]?.content, SHORT);
      assert.equal(view.verified.get("at1"), true);
      groundwire.close();
      server.stop();
    }
  });

  test(`over ${transport} a question whose acknowledgement was lost is asked once`, async (t) => {
    const server = await TestServer.for(t);
    const { conversation } = read(t, server, { transports });
    await until(conversation, (view) => view.loaded);
    server.commands.losesAnswers = true;

    const asked = conversation.ask("What is a ground wire?");
    await until(conversation, (view) => !view.current);
    server.commands.losesAnswers = false;
    await asked;

    assert.ok(server.commands.received.length > 1);
    assert.equal(server.log().head, 1);
  });

  test(`over ${transport} a log that began anew is shown from its snapshot`, async (t) => {
    const server = await TestServer.for(t);
    const { conversation } = read(t, server, { transports });
    server.log().append(...turnOf());
    await until(conversation, (view) => view.messages.length === 2);

    server.log().epoch = "e2";
    server.log().events = [];
    server.log().append(...turnOf("New.", "t9").slice(0, 1));
    server.cut();
    const view = await until(conversation, (now) => now.current && now.messages.length === 1);

    assert.equal(view.messages[0]?.messageId, "qt9");
    assert.equal(conversation.cursor(), "e2:1");
  });

  test(`over ${transport} a conversation that is not there is refused, and no other`, async (t) => {
    const server = await TestServer.for(t);
    server.commands.gone.add("c_1");
    const { groundwire, connection, conversation: other } = read(t, server, { transports });
    const conversation = groundwire.conversation("c_1");

    await until(conversation, (view) => view.refusal !== null);
    await until(other, (view) => view.current);

    assert.equal(conversation.view.refusal?.code, "not_found");
    assert.equal(connection.status.state, "live");
  });

  test(`over ${transport} a conversation of an invented name begins with its question`, async (t) => {
    const server = await TestServer.for(t);
    server.log().isUnbegun = true;
    const { conversation } = read(t, server, { transports });
    const empty = await until(conversation, (view) => view.current);
    assert.deepEqual([empty.loaded, empty.messages, empty.refusal], [true, [], null]);

    const answer = await conversation.ask("Anybody?");
    server.log().append(...turnOf(ANSWER, "t1").slice(1));

    assert.equal((await answer.done).content, ANSWER);
    assert.match(conversation.cursor() ?? "", /^e1:/);
  });

  test(`over ${transport} a name that the server gave and that is gone is refused`, async (t) => {
    const server = await TestServer.for(t);
    const { groundwire } = read(t, server, { transports });
    server.log("c_1").isUnbegun = true;
    const gone = groundwire.conversation("c_1");

    const view = await until(gone, (now) => now.refusal !== null);

    assert.equal(view.refusal?.code, "not_found");
  });

  test(`over ${transport} the documents of a workspace are followed`, async (t) => {
    const server = await TestServer.for(t);
    const { groundwire } = read(t, server, { transports });
    const workspace = new Knowledge(groundwire).attachWorkspace("w1");
    await new Promise<void>((resolve) => {
      workspace.subscribe((view) => view.loaded && resolve());
    });

    server
      .log("w1")
      .append({ type: "document.received", documentId: "d1", title: "guide.md", sizeBytes: 7 });
    const title = await new Promise((resolve) => {
      workspace.subscribe(({ documents }) => documents[0] && resolve(documents[0].title));
    });

    assert.equal(title, "guide.md");
  });

  test(`over ${transport} a refused command says why, and nothing is cut`, async (t) => {
    const server = await TestServer.for(t);
    server.commands.refusals.push(new Refused(409, "conflict", "Decided otherwise."));
    const { connection, conversation } = read(t, server, { transports });

    await assert.rejects(conversation.regenerate("at1"), { code: "conflict" });

    assert.equal(connection.status.state, "live");
  });
}

test("questions that are posted come in the order in which they were asked", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server, { transports: ["poll"] });

  await Promise.all(["One?", "Two?", "Three?"].map((content) => conversation.ask(content)));

  const asked = server.log().events.map((event) => event["content"]);
  assert.deepEqual(asked, ["One?", "Two?", "Three?"]);
});

test("a deleted conversation's stream says so before it ends", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server, { transports: ["sse"] });
  await until(conversation, (view) => view.loaded);

  server.say({ type: "error", code: "gone", message: "It is gone.", retryable: false });
  const view = await until(conversation, (now) => now.refusal !== null);

  assert.equal(view.refusal?.code, "gone");
});

test("after two quick failures the next way is taken, from the cursor", async (t) => {
  const server = await TestServer.for(t);
  const { connection, conversation } = read(t, server);
  server.log().append(...turnOf().slice(0, 9));
  await until(conversation, (view) => view.messages[1]?.content === "A groun");

  server.barred.add("websocket");
  server.cut();
  server.log().append(...turnOf().slice(9));
  const view = await until(conversation, (now) => now.verified.has("at1"));

  assert.equal(view.messages[1]?.content, ANSWER);
  assert.deepEqual(server.opened, ["websocket", "sse"]);
  assert.equal(connection.status.transport, "sse");
});

test("where streams are kept back as well, one polls", async (t) => {
  const server = await TestServer.for(t);
  server.barred.add("websocket");
  server.keepsBack = true;
  const { connection, conversation } = read(t, server, { openMs: 50 });
  server.log().append(...turnOf());

  await until(conversation, (view) => view.verified.has("at1"));

  assert.equal(connection.status.transport, "poll");
  assert.deepEqual(server.opened, ["poll"]);
});

test("a better way is taken when it is open again, and nothing is lost or seen twice", async (t) => {
  const server = await TestServer.for(t);
  server.barred.add("websocket");
  server.barred.add("sse");
  const { connection, conversation } = read(t, server, { betterAfterMs: 20 });
  const events = turnOf();
  server.log().append(...events.slice(0, 12));
  await until(conversation, (view) => view.current && view.messages.length === 2);
  const states: string[] = [];
  connection.subscribe(({ state }) => states.at(-1) === state || states.push(state));

  server.barred.delete("sse");
  await untilStatus(connection, ({ transport }) => transport === "sse");
  server.log().append(...events.slice(12, 20));
  server.barred.delete("websocket");
  await untilStatus(connection, ({ transport }) => transport === "websocket");
  server.log().append(...events.slice(20));
  const view = await until(conversation, (now) => now.verified.has("at1"));

  assert.equal(view.messages[1]?.content, ANSWER);
  assert.equal(view.verified.get("at1"), true);
  assert.deepEqual(states, ["live"]);
});

test("a server that is away is no reason to take another way", async (t) => {
  const server = await TestServer.for(t);
  const { connection, conversation } = read(t, server, {
    fetch: (input, init) => (isAway ? Promise.reject(new TypeError("away")) : fetch(input, init)),
  });
  let isAway = false;
  await until(conversation, (view) => view.loaded);

  isAway = true;
  server.cut();
  await untilStatus(connection, ({ state }) => state === "offline");
  isAway = false;
  await until(conversation, (view) => view.current);

  assert.deepEqual(server.opened, ["websocket", "websocket"]);
});

test("however often the way changes in the middle of an answer, it is whole", async (t) => {
  const server = await TestServer.for(t);
  const { connection, conversation } = read(t, server, { betterAfterMs: 1 });
  await until(conversation, (view) => view.loaded);

  for (const [at, event] of turnOf().entries()) {
    if (at % 6 === 3) {
      // A way that was good is barred for longer than one: the third has to be found.
      if (server.barred.size === 2) server.barred.clear();
      server.barred.add(connection.status.transport);
      server.cut();
    }
    server.log().append(event);
    if (at % 6 === 1) await until(conversation, () => conversation.cursor() === `e1:${at + 1}`);
  }
  const view = await until(conversation, (now) => now.verified.has("at1"));

  assert.equal(view.messages[1]?.content, ANSWER);
  assert.equal(view.verified.get("at1"), true);
  assert.deepEqual([...new Set(server.opened)].sort(), ["poll", "sse", "websocket"]);
});

test("without a WebSocket, streams or WebCrypto one polls, and proves the answer", async (t) => {
  const server = await TestServer.for(t);
  const here = globalThis as unknown as Record<string, unknown>;
  const names = ["WebSocket", "Response", "ReadableStream", "crypto", "AbortSignal", "URL"];
  const kept = names.map((name) => [name, Object.getOwnPropertyDescriptor(here, name)] as const);
  for (const name of names)
    Object.defineProperty(here, name, { value: undefined, configurable: true });
  t.after(() => {
    for (const [name, own] of kept) if (own) Object.defineProperty(here, name, own);
  });

  const { connection, conversation } = read(t, server);
  for (const [name, own] of kept) {
    // The test's own server goes on with what the client found missing when it was made.
    if (own && name !== "crypto") Object.defineProperty(here, name, own);
  }
  await conversation.ask("What is a ground wire?");
  server.log().append(...turnOf().slice(1));
  const view = await until(conversation, (now) => now.verified.has("at1"));

  assert.equal(view.verified.get("at1"), true);
  assert.equal(connection.status.transport, "poll");
});

test("a stream of events is read however it is cut", () => {
  const one: Frame = { type: "token", content: "接地 🔌", seq: 1 };
  const two: Frame = { type: "done", seq: 2 };
  const whole = [
    "retry: 2000\r\n\r\n: a comment\n\n",
    `event: token\r\nid: e1:1\r\ndata: ${JSON.stringify(one)}\r\n\r\n`,
    `event: done\rid: e1:2\rdata:${JSON.stringify(two)}\r\r`,
    'data: {"type":\ndata:  "welcome"}\n\n:\n\n',
  ].join("");
  for (let size = 1; size <= whole.length; size += 1) {
    const reader = new EventReader();
    const found: string[] = [];
    for (let at = 0; at < whole.length; at += size)
      found.push(...reader.read(whole.slice(at, at + size)));

    assert.deepEqual(
      found.map((data) => JSON.parse(data) as Frame),
      [one, two, { type: "welcome" }],
    );
  }
});
