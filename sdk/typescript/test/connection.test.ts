import assert from "node:assert/strict";
import { test } from "node:test";
import { Groundwire, GroundwireError } from "../src/index.ts";
import { Refused } from "./commands.ts";
import { read, turnOf, until, untilStatus } from "./reader.ts";
import { TestServer } from "./server.ts";

test("an answer cut at any event is whole and proved after the reconnect", async (t) => {
  const text = "Ground 接地 🔌 [1].";
  const events = turnOf(text);
  for (let cut = 0; cut < events.length; cut += 1) {
    const server = await TestServer.for(t);
    const { groundwire, conversation } = read(t, server);
    await until(conversation, (view) => view.loaded);
    server.cutAfter = cut;

    server.log().append(...events);
    const view = await until(conversation, (now) => now.verified.has("at1"));

    assert.equal(view.messages[1]?.content, text);
    assert.equal(view.verified.get("at1"), true);
    assert.equal(server.opened.length, 2);
    groundwire.close();
    server.stop();
  }
});

test("a question whose acknowledgement was lost is sent again and asked once", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  await until(conversation, (view) => view.loaded);
  server.commands.losesAnswers = true;

  const asked = conversation.ask("What is a ground wire?");
  await until(conversation, (view) => !view.current);
  server.commands.losesAnswers = false;
  await asked;
  const view = await until(conversation, (now) => now.messages.length > 0);

  const asks = server.commands.received.filter((frame) => frame.type === "chat_message");
  assert.equal(asks.length, 2);
  assert.equal(server.log().head, 1);
  assert.deepEqual(view.pending, []);
});

test("a question asked while the connection is away is sent when it is back", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  const asked = conversation.ask("Are you there?");

  assert.equal(conversation.view.pending[0]?.content, "Are you there?");
  await asked;

  assert.equal(server.log().head, 1);
});

test("a log that began anew is shown from its snapshot", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
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

test("a missing event is read again, never skipped", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  server.log().append(...turnOf());
  await until(conversation, (view) => view.verified.has("at1"));

  const [lost, ...rest] = turnOf("Second.", "t2", "at1");
  server.say({ ...rest[0], sessionId: "c1", seq: server.log().head + 2 });
  server.log().lose(lost ?? {});
  server.log().lose(rest[0] ?? {});
  const view = await until(conversation, (now) => now.current && now.messages.length === 4);

  assert.equal(view.messages[2]?.messageId, "qt2");
});

test("a tail that was lost is read again when a heartbeat tells of it", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  server.log().append(...turnOf());
  await until(conversation, (view) => view.verified.has("at1"));
  server.log().lose(turnOf("Lost.", "t2", "at1")[0] ?? {});

  server.ping();
  const view = await until(conversation, (now) => now.current && now.messages.length === 3);

  assert.equal(view.messages[2]?.messageId, "qt2");
});

test("a text that differs from the server's is thrown away once, and then said to differ", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  const [first = {}, ...rest] = turnOf();
  const wrong = rest.map((event) =>
    "contentHash" in event ? { ...event, contentHash: "00" } : event,
  );

  server.log().append(first, ...wrong);
  const view = await until(conversation, (now) => now.verified.has("at1"));

  assert.equal(view.verified.get("at1"), false);
  assert.equal(view.current, true);
});

test("the connection tells the truth: live, then reconnecting, then offline, then live", async (t) => {
  const server = await TestServer.for(t);
  let refused = 0;
  const overloaded = new GroundwireError({ code: "overloaded", message: "busy", retryable: true });
  const { connection } = read(t, server, {
    fetch: (input, init) => {
      refused -= 1;
      return refused < 0 ? fetch(input, init) : Promise.reject(overloaded);
    },
  });
  const seen: string[] = [];
  connection.subscribe(({ state }) => seen.at(-1) === state || seen.push(state));
  await untilStatus(connection, ({ state }) => state === "live");

  refused = 5;
  server.cut();
  await untilStatus(connection, ({ state }) => state === "offline");
  await untilStatus(connection, ({ state }) => state === "live");

  assert.deepEqual(seen, ["connecting", "live", "reconnecting", "offline", "live"]);
});

test("one waits as long as the server asks before one comes back", async (t) => {
  const server = await TestServer.for(t);
  const { connection, conversation } = read(t, server);
  await until(conversation, (view) => view.loaded);
  const before = Date.now();

  server.say({ type: "reconnect", delayMs: 60_000, reason: "restart" });
  server.close(1012);
  const { retryAt, reason } = await untilStatus(connection, ({ state }) => state !== "live");

  assert.ok((retryAt ?? 0) >= before + 60_000);
  assert.equal(reason?.code, "interrupted");
});

test("a device that wakes up tries at once", async (t) => {
  const server = await TestServer.for(t);
  let wake = (): void => {};
  const { connection, conversation } = read(t, server, {
    wakes: (now) => {
      wake = now;
      return () => {};
    },
  });
  await until(conversation, (view) => view.loaded);
  server.say({ type: "reconnect", delayMs: 60_000, reason: "restart" });
  server.close(1012);
  await untilStatus(connection, ({ state }) => state !== "live");

  wake();
  await untilStatus(connection, ({ state }) => state === "live");

  assert.equal(server.opened.length, 2);
});

test("a device is the same one after each reconnect, and another one elsewhere", async (t) => {
  const server = await TestServer.for(t);
  const first = read(t, server);
  await until(first.conversation, (view) => view.current);
  server.cut();
  await until(first.conversation, (view) => view.current && server.devices.length === 2);
  await until(read(t, server).conversation, (view) => view.current);

  const [one, same, other] = server.devices;
  assert.equal(one, same);
  assert.notEqual(one, other);
});

test("an overloaded server is asked again when it says", async (t) => {
  const server = await TestServer.for(t);
  const error = { code: "rate_limited", message: "Slower.", retryable: true, retryAfterMs: 50_000 };
  server.greeting = { code: 4429, error };
  const before = Date.now();
  const { connection } = read(t, server);

  const { retryAt } = await untilStatus(connection, ({ reason }) => reason !== null);

  assert.ok((retryAt ?? 0) >= before + 50_000);
  assert.equal(connection.status.reason?.retryAfterMs, 50_000);
});

test("a command that came too soon is sent again when the server says", async (t) => {
  const server = await TestServer.for(t);
  const { conversation } = read(t, server);
  server.commands.refusals.push(new Refused(429, "rate_limited", "Slower.", { retryAfterMs: 1 }));

  await conversation.ask("Now?");
  const view = await until(conversation, (now) => now.messages.length === 1);

  assert.equal(server.commands.received.length, 2);
  assert.deepEqual(view.pending, []);
});

test("a frame that is larger than the server takes is refused here", async (t) => {
  const server = await TestServer.for(t);
  server.limits = { frameBytes: 200 };
  const { connection, conversation } = read(t, server);
  await untilStatus(connection, ({ state }) => state === "live");

  await conversation.ask("接地".repeat(100));

  assert.equal(conversation.view.pending[0]?.error?.code, "too_large");
  assert.equal(server.commands.received.length, 0);
});

for (const [code, expected] of [
  [4400, "bad_json"],
  [4403, "forbidden"],
  [4406, "unsupported_version"],
  [4409, "conflict"],
] as const) {
  test(`after the close code ${code} it is not tried again`, async (t) => {
    const server = await TestServer.for(t);
    server.greeting = { code };
    const { connection, conversation } = read(t, server);
    const asked = conversation.ask("Anybody?");

    const { reason, retryAt } = await untilStatus(connection, ({ reason }) => reason !== null);
    await asked;

    assert.deepEqual([connection.status.state, reason?.code, retryAt], ["closed", expected, null]);
    assert.equal(conversation.view.pending[0]?.error?.code, expected);
    assert.equal(server.opened.length, 1);
  });
}

test("where proxies hide close codes, the error before the close says that it is final", async (t) => {
  const server = await TestServer.for(t);
  const { connection, conversation } = read(t, server);
  await until(conversation, (view) => view.loaded);

  server.say({ type: "error", code: "forbidden", message: "No.", retryable: false });
  server.cut();
  const { reason } = await untilStatus(connection, ({ state }) => state === "closed");

  assert.equal(reason?.message, "No.");
});

test("the only conversation that is followed was deleted: it is refused, and that is all", async (t) => {
  const server = await TestServer.for(t);
  const { connection, conversation } = read(t, server);
  await until(conversation, (view) => view.loaded);

  server.say({ type: "error", code: "gone", message: "It is gone.", retryable: false });
  server.close(4404);
  await untilStatus(connection, ({ state }) => state === "closed");

  assert.equal(conversation.view.refusal?.code, "gone");
});

test("one of several conversations was deleted: the others are followed on", async (t) => {
  const server = await TestServer.for(t);
  const { groundwire, connection, conversation } = read(t, server);
  const other = groundwire.conversation("c2");
  await until(conversation, (view) => view.loaded);
  await until(other, (view) => view.loaded);

  server.commands.gone.add("c1");
  server.close(4404);
  await until(conversation, (view) => view.refusal !== null);
  await until(other, (view) => view.current);

  assert.equal(conversation.view.refusal?.code, "not_found");
  assert.equal(connection.status.state, "live");
});

test("a connection that was closed for good can be started again, and its logs go on", async (t) => {
  const server = await TestServer.for(t);
  const { connection, conversation } = read(t, server);
  await until(conversation, (view) => view.loaded);
  server.close(4409);
  await untilStatus(connection, ({ state }) => state === "closed");
  assert.equal(conversation.view.current, false);
  server.log().append(...turnOf("Yes."));

  connection.start();
  const view = await until(conversation, (now) => now.verified.size === 1);

  assert.equal(view.messages[1]?.content, "Yes.");
});

test("an answer of a proxy, whatever it is, becomes an error", async (t) => {
  const server = await TestServer.for(t);
  for (const body of ["<h1>Bad gateway</h1>", "null", '{"code":7,"detail":["x"]}', ""]) {
    const answer = async (): Promise<Response> => new Response(body, { status: 502 });
    const { rest } = new Groundwire({ baseUrl: server.url, fetch: answer });

    await assert.rejects(rest.me(), (error) => {
      assert.ok(error instanceof GroundwireError);
      assert.deepEqual([error.status, error.retryable], [502, true]);
      assert.equal(typeof error.code, "string");
      return true;
    });
  }
});

test("what was not acknowledged fails when the connection is closed for good", async (t) => {
  const server = await TestServer.for(t);
  const groundwire = new Groundwire({ baseUrl: server.url });
  const conversation = groundwire.conversation("c1");
  const asked = conversation.ask("Anybody?");

  groundwire.close();
  await asked;

  assert.equal(conversation.view.pending[0]?.error?.code, "closed");
});
