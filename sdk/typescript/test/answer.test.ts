import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type Answer, GroundwireError, type LiveConversation } from "../src/index.ts";
import { Refused } from "./commands.ts";
import { ANSWER, HASH, read, turnOf, until } from "./reader.ts";
import { TestServer } from "./server.ts";

interface Asked {
  readonly server: TestServer;
  readonly conversation: LiveConversation;
  readonly answer: Answer;
}

/** A question that was asked, whose turn is `t1`. */
async function ask(t: { after(fn: () => void): void }): Promise<Asked> {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  const answer = await conversation.ask("What is a ground wire?");
  return { server, conversation, answer };
}

function token(content: string, turnId = "t1"): object {
  return { type: "token", turnId, messageId: `a${turnId}`, content };
}

const STARTED = {
  type: "turn.started",
  turnId: "t1",
  messageId: "at1",
  model: "m",
  parentId: "qt1",
};
const DONE = {
  type: "done",
  turnId: "t1",
  messageId: "at1",
  finishReason: "stop",
  contentHash: HASH,
};

test("an answer comes in pieces, and then whole", async (t) => {
  const { server, answer } = await ask(t);
  const [, ...events] = turnOf();
  const feed = setInterval(() => {
    const event = events.shift();
    if (event) server.log().append(event);
  });
  t.after(() => clearInterval(feed));

  const pieces: string[] = [];
  for await (const piece of answer) pieces.push(piece);

  assert.equal(pieces.join(""), ANSWER);
  assert.ok(pieces.length > 1);
  assert.equal(answer.turnId, "t1");
  const message = await answer.done;
  assert.deepEqual([message.content, message.finishReason], [ANSWER, "stop"]);
});

test("an answer that is read after its end comes in one piece", async (t) => {
  const { server, answer } = await ask(t);
  server.log().append(...turnOf().slice(1));
  await answer.done;

  const pieces: string[] = [];
  for await (const piece of answer) pieces.push(piece);

  assert.deepEqual(pieces, [ANSWER]);
});

test("pieces go on over a cut, without a gap and without a repeat", async (t) => {
  const { server, answer } = await ask(t);
  server.cutAfter = 20;
  server.log().append(...turnOf().slice(1));

  let text = "";
  for await (const piece of answer) text += piece;

  assert.equal(text, ANSWER);
});

test("pieces say where they go, so that text that is withdrawn is taken back", async (t) => {
  const { server, answer } = await ask(t);
  const pieces = answer.pieces();
  const log = server.log();
  let shown = "";
  const next = async (): Promise<void> => {
    const { value } = await pieces.next();
    shown = shown.slice(0, value.at) + value.text;
  };

  log.append(STARTED, token("A ground wire 🔌 is"));
  await next();
  assert.equal(shown, "A ground wire 🔌 is");
  log.append({ type: "answer.reset", turnId: "t1", messageId: "at1", toOffset: 14 });
  await next();
  assert.equal(shown, "A ground wire ");
  log.append(token("接地线 carries the fault current 🔌 away."), DONE);
  await next();

  assert.equal(shown, ANSWER);
  assert.equal((await pieces.next()).done, true);
});

test("two that read one answer each get all of it", async (t) => {
  const { server, answer } = await ask(t);
  const whole = async (): Promise<string> => {
    let text = "";
    for await (const piece of answer) text += piece;
    return text;
  };
  const both = Promise.all([whole(), whole()]);

  server.log().append(...turnOf().slice(1));

  assert.deepEqual(await both, [ANSWER, ANSWER]);
});

test("a turn that fails says why, after what it had said", async (t) => {
  const { server, answer } = await ask(t);
  const failed = {
    type: "error",
    turnId: "t1",
    code: "model_unavailable",
    message: "Away.",
    retryable: true,
  };
  server.log().append(STARTED, token("Because"), failed, { ...DONE, finishReason: "error" });

  const pieces: string[] = [];
  const reading = (async () => {
    for await (const piece of answer) pieces.push(piece);
  })();

  await assert.rejects(reading, { code: "model_unavailable", retryable: true });
  await assert.rejects(answer.done, GroundwireError);
  assert.deepEqual(pieces, ["Because"]);
});

test("a question that is refused never throws, and its answer says why", async (t) => {
  const server = await TestServer.for(t);
  server.commands.refusals.push(new Refused(400, "unknown_model", "There is no such model."));
  const { conversation } = read(t, server);

  const answer = await conversation.ask("Why?", { model: "none" });

  assert.equal(conversation.view.pending[0]?.error?.code, "unknown_model");
  await assert.rejects(answer.done, { code: "unknown_model" });
  await assert.rejects(async () => {
    for await (const _ of answer);
  });
});

test("what was refused can be sent once more, under another id", async (t) => {
  const server = await TestServer.for(t);
  server.commands.refusals.push(new Refused(409, "busy", "An answer is running."));
  const { conversation } = read(t, server);
  const { command } = await conversation.ask("Why?", { model: "m", onBusy: "reject" });

  await conversation.retry(conversation.view.pending[0]?.clientMessageId ?? "");

  const [first, second] = server.commands.received;
  assert.deepEqual(first, { ...command, id: "m1" });
  assert.equal(second?.["content"], "Why?");
  assert.equal(second?.["onBusy"], "reject");
  assert.notEqual(second?.["clientMessageId"], first?.["clientMessageId"]);
  assert.deepEqual(conversation.view.pending, []);
});

test("an answer is stopped by its turn, or by its question while that is not acknowledged", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  const answer = await conversation.ask("Why?");

  await answer.cancel();
  await conversation.cancel({ clientMessageId: "k9" });
  await conversation.cancel();

  const [, ...cancels] = server.commands.received.map((frame) => [
    frame["turnId"],
    frame["clientMessageId"],
  ]);
  assert.deepEqual(cancels, [
    ["t1", undefined],
    [undefined, "k9"],
    ["t1", undefined],
  ]);
});

test("a correction is pending, then accepted, then its answer goes on", async (t) => {
  const { server, conversation, answer } = await ask(t);
  server.log().append(STARTED, token("Say it in"));

  const steering = answer.steer("In Chinese, please.");
  assert.equal(conversation.view.pending[0]?.content, "In Chinese, please.");
  const next = await steering;
  const accepted = await until(conversation, (view) => view.turn?.steers.length === 1);
  assert.deepEqual(accepted.pending, []);

  const [created, ...rest] = turnOf(ANSWER, "t2", "at1");
  const clientMessageId = next.clientMessageId;
  server
    .log()
    .append(
      { ...DONE, finishReason: "steered", contentHash: sha("Say it in") },
      { ...created, clientMessageId },
      { type: "steer.applied", turnId: "t2", messageId: "qt2", clientMessageId, steered: "t1" },
      ...rest,
    );

  assert.equal((await answer.done).finishReason, "steered");
  assert.equal((await next.done).content, ANSWER);
  assert.equal(conversation.view.messages[2]?.steered, "t1");
});

test("a correction that comes too late gives its text back", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);

  const answer = await conversation.steer("In Chinese, please.");

  await assert.rejects(answer.done, { code: "steer_failed" });
  const [pending] = conversation.view.pending;
  assert.deepEqual(
    [pending?.content, pending?.error?.code],
    ["In Chinese, please.", "steer_failed"],
  );

  await conversation.retry(pending?.clientMessageId ?? "");
  assert.equal(server.commands.received.at(-1)?.type, "chat_message");
  assert.deepEqual(conversation.view.pending, []);
});

test("a correction whose turn is stopped gives its text back as well", async (t) => {
  const { server, conversation, answer } = await ask(t);
  server.log().append(STARTED, token("Say it in"));
  const next = await answer.steer("In Chinese, please.");
  const { clientMessageId } = next;

  const content = "In Chinese, please.";
  const failed = { type: "steer.failed", turnId: "t1", messageId: "qt2", clientMessageId, content };
  server
    .log()
    .append(
      { ...failed, reason: "cancelled" },
      { ...DONE, finishReason: "cancelled", contentHash: sha("Say it in") },
    );

  await assert.rejects(next.done, { code: "steer_failed", detail: { reason: "cancelled" } });
  // It stands once, with the answer that it was to correct, for whoever looks at it.
  assert.deepEqual(conversation.view.pending, []);
  const [returned] = conversation.view.messages.at(-1)?.returned ?? [];
  assert.deepEqual([returned?.content, returned?.reason], [content, "cancelled"]);

  const { conversation: late } = read(t, server);
  await until(late, (view) => view.messages.at(-1)?.returned[0]?.content === content);
  const again = await late.steer(content, { clientMessageId: clientMessageId ?? undefined });
  await assert.rejects(again.done, { code: "steer_failed" });
  assert.deepEqual(late.view.pending, []);
});

test("a question is asked in other words, and an answer once more, with their ids", async (t) => {
  const { server, conversation } = await ask(t);
  server.log().append(...turnOf().slice(1));

  const edited = await conversation.edit("qt1", "What is it for?", { options: { maxTokens: 9 } });
  const again = await conversation.regenerate("at1", { model: "m" });

  const [, edit, regenerate] = server.commands.received;
  assert.equal(edit?.["messageId"], "qt1");
  assert.deepEqual(edit?.["options"], { maxTokens: 9 });
  assert.equal(regenerate?.["model"], "m");
  assert.deepEqual([edited.turnId, again.turnId], ["t2", "t3"]);
  server.log().append({ ...STARTED, turnId: "t3", messageId: "at3" });
  await until(conversation, () => again.message?.messageId === "at3");
});

test("the answer that runs is read by who did not ask for it", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  server.log().append(...turnOf().slice(0, 9));
  await until(conversation, (view) => view.turn !== null);

  const answer = conversation.answer();
  server.log().append(...turnOf().slice(9));

  assert.equal((await answer.done).content, ANSWER);
  assert.equal(answer.clientMessageId, null);
  await assert.rejects(conversation.answer().done, { code: "not_found" });
});

test("an answer whose log began anew without it is not waited for", async (t) => {
  const { server, answer } = await ask(t);

  server.log().epoch = "e2";
  server.log().events = [];
  server.cut();

  await assert.rejects(answer.done, { code: "not_found" });
});

test("who reads an answer is told when the conversation is left", async (t) => {
  const { conversation, answer } = await ask(t);
  const done = assert.rejects(answer.done, { code: "closed" });

  conversation.close();

  await done;
});

test("who reads an answer is told when the connection is closed for good", async (t) => {
  const { server, answer } = await ask(t);
  const done = assert.rejects(answer.done, { code: "conflict" });

  server.close(4409);

  await done;
});

function sha(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
