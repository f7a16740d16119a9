/** A client of a test's server, and how a test waits for what it sees. */

import { createHash } from "node:crypto";
import {
  type Connection,
  type ConnectionStatus,
  type ConversationView,
  Groundwire,
  type GroundwireOptions,
  type LiveConversation,
} from "../src/index.ts";
import type { TestServer } from "./server.ts";

export const ANSWER = "A ground wire 接地线 carries the fault current 🔌 away.";
export const HASH = createHash("sha256").update(ANSWER).digest("hex");

interface Test {
  after(fn: () => void): void;
}

export interface Reader {
  readonly groundwire: Groundwire;
  readonly connection: Connection;
  readonly conversation: LiveConversation;
}

/** A client that is connected, or tries to be, and ends with the test. */
export function read(test: Test, server: TestServer, options: GroundwireOptions = {}): Reader {
  const groundwire = new Groundwire({ baseUrl: server.url, random: () => 0, ...options });
  test.after(() => groundwire.close());
  const conversation = groundwire.conversation("c1");
  groundwire.connect();
  return { groundwire, connection: groundwire.connection, conversation };
}

/** The first view for which `wanted` holds. */
export function until(
  conversation: LiveConversation,
  wanted: (view: ConversationView) => boolean,
): Promise<ConversationView> {
  return first((watch) => conversation.subscribe(watch), wanted);
}

/** The first status for which `wanted` holds. */
export function untilStatus(
  connection: Connection,
  wanted: (status: ConnectionStatus) => boolean,
): Promise<ConnectionStatus> {
  return first((watch) => connection.subscribe(watch), wanted);
}

function first<Value>(
  subscribe: (watch: (value: Value) => void) => () => void,
  wanted: (value: Value) => boolean,
): Promise<Value> {
  return new Promise((resolve) => {
    let end: (() => void) | undefined;
    end = subscribe((value) => {
      if (!wanted(value)) return;
      resolve(value);
      queueMicrotask(() => end?.());
    });
  });
}

/** A whole turn as events, its answer cut at every code point. */
export function turnOf(text = ANSWER, turnId = "t1", parentId: string | null = null): object[] {
  const contentHash = createHash("sha256").update(text).digest("hex");
  const [question, messageId] = [`q${turnId}`, `a${turnId}`];
  return [
    { type: "message.created", turnId, messageId: question, role: "user", content: "?", parentId },
    { type: "turn.started", turnId, messageId, model: "m", parentId: question },
    ...Array.from(text, (content) => ({ type: "token", turnId, messageId, content })),
    { type: "done", turnId, messageId, finishReason: "stop", contentHash },
  ];
}
