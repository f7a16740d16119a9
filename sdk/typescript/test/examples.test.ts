/** The examples work, from the package's own name. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Groundwire } from "../src/index.ts";
import { ANSWER, until, untilStatus } from "./reader.ts";
import { TestServer } from "./server.ts";

const examples = new URL("../examples/", import.meta.url);

test("a script of ten lines asks and prints the answer with its sources", async (t) => {
  const server = await TestServer.for(t);
  server.tokens = ["gw_1"];
  server.commands.answers = ANSWER;
  const script = fileURLToPath(new URL("ask.mjs", examples));
  const env = { ...process.env, GROUNDWIRE_URL: server.url, GROUNDWIRE_KEY: "gw_1" };

  const asked = ["--conditions=source", script, "What is a ground wire?"];
  const { stdout } = await promisify(execFile)(process.execPath, asked, { env });

  assert.equal(stdout, `${ANSWER}\n[1] guide.md\n`);
  assert.equal(server.commands.received[0]?.["content"], "What is a ground wire?");
});

test("a platform of its own brings its socket, its requests and its wake-ups", async (t) => {
  const server = await TestServer.for(t);
  server.tokens = ["a1", "a2"];
  server.commands.answers = ANSWER;
  const { createClient } = (await import(new URL("own_platform.mjs", examples).href)) as {
    createClient: (parts: object) => Groundwire;
  };
  const sockets: string[] = [];
  const requests: string[] = [];
  let tokens = 0;
  let wake = (): void => {};
  /** As React Native's: the headers come third, and no ping, no body, no more than this. */
  class OwnSocket {
    #socket: WebSocket;

    constructor(url: string, protocols: string[], { headers }: { headers: object }) {
      sockets.push(url);
      this.#socket = new WebSocket(url, { protocols, headers } as unknown as string[]);
    }

    get readyState(): number {
      return this.#socket.readyState;
    }

    send(data: string): void {
      this.#socket.send(data);
    }

    close(code?: number): void {
      this.#socket.close(code);
    }

    addEventListener(type: string, listener: (event: never) => void): void {
      this.#socket.addEventListener(type, listener as EventListener);
    }
  }

  const groundwire = createClient({
    baseUrl: server.url,
    WebSocket: OwnSocket,
    fetch: (input: string, init: RequestInit) => {
      requests.push(input);
      return fetch(input, init);
    },
    getToken: async () => {
      tokens += 1;
      return `a${tokens}`;
    },
    onWake: (now: () => void) => {
      wake = now;
      return () => {};
    },
  });
  t.after(() => groundwire.close());
  const conversation = groundwire.conversation("c1");
  groundwire.connect();
  const answer = await conversation.ask("What is a ground wire?");
  assert.equal((await answer.done).content, ANSWER);
  assert.deepEqual([server.identified, sockets.length], [["header a1"], 1]);

  server.barred.add("websocket");
  server.cut();
  await untilStatus(groundwire.connection, ({ state }) => state === "reconnecting");
  wake();
  await untilStatus(
    groundwire.connection,
    ({ transport, state }) => transport === "poll" && state === "live",
  );
  await until(conversation, (view) => view.current);
  assert.ok(requests.some((url) => url.includes("/conversations/c1/poll?")));
});
