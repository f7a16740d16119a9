import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  Connection,
  type ConversationView,
  GroundwireError,
  LiveConversation,
} from "../src/index.ts";
import { MemoryServer } from "./server.ts";

const ANSWER = "A ground wire 接地线 carries the fault current 🔌 away.";
const HASH = createHash("sha256").update(ANSWER).digest("hex");

function connect(server: MemoryServer): { connection: Connection; conversation: LiveConversation } {
  const connection = new Connection({
    address: async () => "ws://memory",
    open: server.open,
    random: () => 0,
  });
  const conversation = new LiveConversation(connection, "c1");
  connection.start();
  return { connection, conversation };
}

/** The first view for which `wanted` holds. */
function until(
  conversation: LiveConversation,
  wanted: (view: ConversationView) => boolean,
): Promise<ConversationView> {
  return new Promise((resolve) => {
    let end: (() => void) | undefined;
    const stop = conversation.subscribe((view) => {
      if (!wanted(view)) return;
      resolve(view);
      queueMicrotask(() => end?.());
    });
    end = stop;
  });
}

function answerTo(server: MemoryServer): void {
  server.append(
    { type: "message.created", turnId: "t1", messageId: "q1", role: "user", content: "?" },
    { type: "turn.started", turnId: "t1", messageId: "a1", model: "m", parentId: "q1" },
    ...Array.from(ANSWER, (content) => ({ type: "token", turnId: "t1", messageId: "a1", content })),
    { type: "done", turnId: "t1", messageId: "a1", finishReason: "stop", contentHash: HASH },
  );
}

test("an answer cut at any event is whole and proved after the reconnect", async () => {
  const events = Array.from(ANSWER).length + 3;
  for (let cut = 0; cut < events; cut += 1) {
    const server = new MemoryServer();
    const { connection, conversation } = connect(server);
    await until(conversation, (view) => view.loaded);
    server.cutAfter = cut;

    answerTo(server);
    const view = await until(conversation, (now) => now.verified.has("a1"));

    assert.equal(view.messages[1]?.content, ANSWER);
    assert.equal(view.verified.get("a1"), true);
    assert.equal(server.connections, 2);
    connection.stop();
  }
});

test("a question whose acknowledgement was lost is sent again and asked once", async () => {
  const server = new MemoryServer();
  const { connection, conversation } = connect(server);
  await until(conversation, (view) => view.loaded);
  server.loseAcks = true;

  const asked = conversation.ask("What is a ground wire?");
  server.loseAcks = false;
  await asked;
  const view = await until(conversation, (now) => now.messages.length > 0);

  assert.equal(server.received.filter((frame) => frame.type === "chat_message").length, 2);
  assert.equal(server.log.length, 1);
  assert.deepEqual(view.pending, []);
  connection.stop();
});

test("a question asked while the connection is away is sent when it is back", async () => {
  const server = new MemoryServer();
  const { connection, conversation } = connect(server);
  const asked = conversation.ask("Are you there?");

  assert.equal(conversation.view.pending[0]?.content, "Are you there?");
  await asked;

  assert.equal(server.log.length, 1);
  connection.stop();
});

test("a log that began anew is shown from its snapshot", async () => {
  const server = new MemoryServer();
  const { connection, conversation } = connect(server);
  answerTo(server);
  await until(conversation, (view) => view.messages.length === 2);

  server.epoch = "e2";
  server.log = [];
  server.append({
    type: "message.created",
    turnId: "t9",
    messageId: "q9",
    role: "user",
    content: "new",
  });
  server.cut();
  const view = await until(conversation, (now) => now.current && now.messages.length === 1);

  assert.equal(view.messages[0]?.messageId, "q9");
  assert.equal(conversation.cursor(), "e2:1");
  connection.stop();
});

test("a missing event is read again, never skipped", async () => {
  const server = new MemoryServer();
  const { connection, conversation } = connect(server);
  await until(conversation, (view) => view.loaded);
  answerTo(server);
  await until(conversation, (view) => view.verified.has("a1"));

  const lost = {
    type: "message.created",
    sessionId: "c1",
    turnId: "t2",
    messageId: "q2",
    role: "user",
    content: "lost",
    seq: server.log.length + 1,
  };
  server.log.push(lost);
  server.append({
    type: "turn.started",
    turnId: "t2",
    messageId: "a2",
    model: "m",
    parentId: "q2",
  });
  const view = await until(conversation, (now) => now.current && now.messages.length === 4);

  assert.equal(view.messages[2]?.content, "lost");
  connection.stop();
});

test("a tail that was lost is read again when a heartbeat tells of it", async () => {
  const server = new MemoryServer();
  const { connection, conversation } = connect(server);
  await until(conversation, (view) => view.loaded);
  answerTo(server);
  await until(conversation, (view) => view.verified.has("a1"));
  server.log.push({
    type: "message.created",
    sessionId: "c1",
    turnId: "t2",
    messageId: "q2",
    role: "user",
    content: "lost",
    seq: server.log.length + 1,
  });

  server.ping();
  const view = await until(conversation, (now) => now.current && now.messages.length === 3);

  assert.equal(view.messages[2]?.content, "lost");
  connection.stop();
});

test("the connection tells the truth: live, then reconnecting, then offline, then live", async () => {
  const server = new MemoryServer();
  let refused = 0;
  const connection = new Connection({
    address: async () => {
      if (refused === 0) return "ws://memory";
      refused -= 1;
      throw new GroundwireError({ code: "overloaded", message: "busy", retryable: true });
    },
    open: server.open,
    random: () => 0,
  });
  const seen: string[] = [];
  const live = Promise.withResolvers<void>();
  connection.subscribe(({ state }) => {
    if (seen.at(-1) !== state) seen.push(state);
    if (state !== "live") return;
    if (seen.length > 3) live.resolve();
    else
      queueMicrotask(() => {
        refused = 5;
        server.cut();
      });
  });

  connection.start();
  await live.promise;

  assert.deepEqual(seen, ["closed", "connecting", "live", "reconnecting", "offline", "live"]);
  connection.stop();
});

test("a signed-out client stops trying and says why", async () => {
  const connection = new Connection({
    address: async () => {
      throw new GroundwireError(
        { code: "unauthorized", message: "Sign in.", retryable: false },
        401,
      );
    },
  });
  const closed = Promise.withResolvers<string>();

  connection.start();
  connection.subscribe((status) => {
    if (status.state === "closed" && status.reason) closed.resolve(status.reason.code);
  });

  assert.equal(await closed.promise, "unauthorized");
});
