import assert from "node:assert/strict";
import { test } from "node:test";
import type { Identification } from "../src/index.ts";
import { read, until, untilStatus } from "./reader.ts";
import { TestServer } from "./server.ts";

for (const [identify, told] of [
  ["ticket", ["header gw_1", "ticket"]],
  ["header", ["header gw_1"]],
  ["query", ["query gw_1"]],
  ["protocol", ["protocol gw_1"]],
  ["frame", ["frame gw_1"]],
] as const) {
  test(`a socket says who opens it: by ${identify}`, async (t) => {
    const server = await TestServer.for(t);
    server.tokens = ["gw_1"];
    const { conversation } = read(t, server, {
      token: "gw_1",
      identify: identify as Identification,
    });

    await until(conversation, (view) => view.loaded);

    assert.deepEqual(server.identified, told);
  });
}

/** Tokens by their number, from `a1`. */
function counting(): { token: () => string; asked: number } {
  const source = {
    asked: 0,
    token: (): string => {
      source.asked += 1;
      return `a${source.asked}`;
    },
  };
  return source;
}

test("a fresh token is asked for once, and no more while it is good", async (t) => {
  const server = await TestServer.for(t);
  server.tokens = ["a1"];
  const source = counting();
  const token = async (): Promise<string> => source.token();
  const { groundwire, conversation } = read(t, server, { token });

  await until(conversation, (view) => view.loaded);
  await groundwire.rest.me();

  assert.equal(source.asked, 1);
});

test("a token that expires is renewed on the connection that is open", async (t) => {
  const server = await TestServer.for(t);
  server.tokens = ["a1", "a2"];
  const { conversation } = read(t, server, { token: counting().token });
  await until(conversation, (view) => view.loaded);

  server.say({ type: "auth_expiring", expiresAt: "2026-11-22T08:00:00Z" });
  await conversation.ask("Still there?");

  assert.deepEqual(server.identified, ["header a1", "ticket", "frame a2"]);
  assert.equal(server.opened.length, 1);
});

test("after a refused token a fresh one is tried, once", async (t) => {
  const server = await TestServer.for(t);
  server.tokens = ["a2"];
  const source = counting();
  const { token } = source;
  const { connection, conversation } = read(t, server, { token, identify: "query" });

  await until(conversation, (view) => view.loaded);
  assert.equal(source.asked, 2);

  server.tokens = ["none"];
  server.say({ type: "error", code: "unauthorized", message: "Revoked.", retryable: false });
  server.close(4401);
  const { reason } = await untilStatus(connection, ({ state }) => state === "closed");

  assert.equal(reason?.code, "unauthorized");
  assert.equal(source.asked, 2);
});

test("a refused ticket is replaced by another, once", async (t) => {
  const server = await TestServer.for(t);
  server.greeting = { code: 4401 };
  const { connection } = read(t, server);

  const { reason } = await untilStatus(
    connection,
    ({ state, reason }) => state === "closed" && reason !== null,
  );

  assert.equal(reason?.code, "unauthorized");
  assert.equal(server.opened.length, 2);
});

test("a signed-out client stops trying and says why", async (t) => {
  const server = await TestServer.for(t);
  server.tokens = ["gw_1"];
  const { connection } = read(t, server, { token: "gw_2" });

  const { reason } = await untilStatus(
    connection,
    ({ state, reason }) => state === "closed" && reason !== null,
  );

  assert.deepEqual([reason?.code, reason?.status], ["unauthorized", 401]);
});

test("where a socket's refusal cannot be read, the way over HTTP tells it", async (t) => {
  const server = await TestServer.for(t);
  server.tokens = ["gw_1"];
  server.barred.add("websocket");
  const { connection } = read(t, server, { token: "gw_2", identify: "header" });

  const { reason } = await untilStatus(
    connection,
    ({ state, reason }) => state === "closed" && reason !== null,
  );

  assert.equal(reason?.code, "unauthorized");
});
