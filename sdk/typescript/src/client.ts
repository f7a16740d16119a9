import type { Transport } from "./channel.ts";
import { Connection } from "./connection.ts";
import { LiveConversation } from "./conversation.ts";
import { Http, type HttpOptions } from "./http.ts";
import { newId } from "./ids.ts";
import { Rest } from "./rest.ts";
import { type Identification, type OpenSocket, openPlatformSocket } from "./socket.ts";

/** What is left out is the platform's own: a browser's, Node's or React Native's. */
export interface GroundwireOptions extends HttpOptions {
  /** How a socket says who opens it; by a ticket, unless told. */
  readonly identify?: Identification;
  readonly openSocket?: OpenSocket;
  /** The ways to take, the best first; those that the platform has, unless told. */
  readonly transports?: readonly Transport[];
  /** Call back when the device woke up or the network changed; returns what ends that. */
  readonly wakes?: (wake: () => void) => () => void;
  /** One device for one `deviceId`: who connects with it again ends the older connection. */
  readonly deviceId?: string;
  /** How long a way to the server may take to be open before another is tried. */
  readonly openMs?: number;
  /** When a better way than the one that is open is tried again, first. */
  readonly betterAfterMs?: number;
  /** Spreads the reconnects of many clients. */
  readonly random?: () => number;
}

/** A server, its resources (`rest`) and the one connection that all conversations share. */
export class Groundwire {
  readonly http: Http;
  readonly rest: Rest;
  readonly connection: Connection;

  constructor(options: GroundwireOptions = {}) {
    const http = new Http(options);
    this.http = http;
    this.rest = new Rest(http);
    this.connection = new Connection({
      identify: "ticket",
      deviceId: newId(),
      openSocket: openPlatformSocket,
      transports: transportsHere(options),
      wakes: wakesOfPage,
      openMs: 10_000,
      betterAfterMs: 15_000,
      random: Math.random,
      ...options,
      http,
    });
  }

  connect(): void {
    this.connection.start();
  }

  close(): void {
    this.connection.stop();
  }

  /** Follow a conversation, until its `close()`. */
  conversation(id: string): LiveConversation {
    return new LiveConversation(this.connection, id, (before, limit) =>
      this.rest.messages(id, before, limit),
    );
  }
}

/** React Native's `fetch` gives nothing before all is there, so that no stream can be read. */
function transportsHere({ openSocket }: GroundwireOptions): Transport[] {
  const canOpen = openSocket !== undefined || typeof WebSocket !== "undefined";
  const canStream = typeof Response !== "undefined" && "body" in Response.prototype;
  const here: Transport[] = ["poll"];
  if (canStream) here.unshift("sse");
  if (canOpen) here.unshift("websocket");
  return here;
}

function wakesOfPage(wake: () => void): () => void {
  const { document } = globalThis;
  const ifShown = (): void => {
    if (document?.visibilityState !== "hidden") wake();
  };
  const events = [
    [globalThis, "online"],
    [globalThis, "offline"],
    [document, "visibilitychange"],
  ] as const;
  for (const [target, type] of events) target?.addEventListener?.(type, ifShown);
  return () => {
    for (const [target, type] of events) target?.removeEventListener?.(type, ifShown);
  };
}
