/** The WebSocket: everything over one connection, both ways. */

import {
  type Attachment,
  type Channel,
  keyOf,
  type Receiver,
  type Sent,
  SILENCE_MS,
} from "./channel.ts";
import { type ErrorCode, GroundwireError, Unreachable } from "./errors.ts";
import type { Http } from "./http.ts";
import { utf8 } from "./sha256.ts";
import { type Frame, parseFrame } from "./wire.ts";

export const PROTOCOL = "groundwire.v1";

/**
 * How a socket says who opens it.
 *
 * `ticket`: by a ticket in the address, which lives for seconds and once, so that no lasting secret
 * is in an address. `header`: by `Authorization`, where the platform lets one set it (Node, React
 * Native). `query`: by `?token=`. `protocol`: by the sub-protocol `bearer.<base64url>`. `frame`: by
 * the first frame.
 */
export type Identification = "ticket" | "header" | "query" | "protocol" | "frame";

/** What we use of a WebSocket. */
export interface Socket {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "close", listener: (event: { code?: number }) => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

/** Open a WebSocket; `headers` are empty but for the identification `header`. */
export type OpenSocket = (
  url: string,
  protocols: readonly string[],
  headers: Readonly<Record<string, string>>,
) => Socket;

export interface SocketOptions {
  readonly http: Http;
  readonly identify: Identification;
  readonly deviceId: string;
  readonly openSocket: OpenSocket;
  /** How long it may take to be open. */
  readonly openMs: number;
}

const OPEN = 1;
/** How long a server may take to answer a ping after the page was asleep or the network changed. */
const PROBE_MS = 4_000;

/** What the close codes that are the server's mean; the error before the close says more. */
const CLOSES: Readonly<Record<number, ErrorCode>> = {
  1003: "bad_json",
  1007: "bad_json",
  1008: "forbidden",
  1009: "too_large",
  1012: "interrupted",
  1013: "overloaded",
  4400: "bad_json",
  4401: "unauthorized",
  4403: "forbidden",
  4404: "gone",
  4406: "unsupported_version",
  4408: "idle",
  4409: "conflict",
  4429: "rate_limited",
};

export class SocketChannel implements Channel {
  readonly transport = "websocket";
  #options: SocketOptions;
  #receiver: Receiver;
  #socket: Socket | undefined;
  #closed = false;
  #nextId = 0;
  #silenceMs = SILENCE_MS;
  #frameBytes = Number.POSITIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SocketOptions, receiver: Receiver) {
    this.#options = options;
    this.#receiver = receiver;
    void this.#open();
  }

  attach(attachment: Attachment): void {
    const { field, id } = attachment;
    const cursor = attachment.cursor();
    // The key as the id lets a refusal find its way back.
    this.#put({
      type: "attach",
      id: keyOf(field, id),
      [field]: id,
      ...(cursor === undefined ? {} : { cursor }),
    });
  }

  detach({ field, id }: Attachment): void {
    this.#put({ type: "detach", id: this.#newId(), [field]: id });
  }

  send(frame: Sent): void {
    const text = JSON.stringify(frame);
    const { id } = frame;
    if (utf8(text).length > this.#frameBytes) {
      const message = `The server takes ${this.#frameBytes} bytes.`;
      this.#receiver.receive({ type: "error", ref: id, code: "too_large", message });
    } else this.#put(text);
  }

  probe(): void {
    this.#put({ type: "ping", id: this.#newId() });
    this.#expectWithin(PROBE_MS);
  }

  renew(token: string): void {
    this.#put({ type: "auth", id: this.#newId(), token });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  async #open(): Promise<void> {
    try {
      const { url, protocols, headers } = await addressOf(this.#options);
      if (this.#closed) return;
      this.#listen(this.#options.openSocket(url, protocols, headers));
    } catch (error) {
      // Of what is not ours: an address or a platform on which no socket can be opened.
      const isOurs = error instanceof GroundwireError;
      this.#lose(isOurs ? error : new Unreachable(), isOurs);
    }
  }

  #listen(socket: Socket): void {
    this.#socket = socket;
    this.#expectWithin(this.#options.openMs);
    socket.addEventListener("open", () => {
      if (this.#options.identify === "frame") {
        void this.#options.http.token().then(
          (token) => this.renew(token ?? ""),
          () => {},
        );
      }
    });
    socket.addEventListener("message", ({ data }) => {
      const frame = typeof data === "string" ? parseFrame(data) : undefined;
      if (!frame || this.#closed) return;
      this.#options.http.observe(frame);
      this.#onFrame(frame);
    });
    // A refused upgrade tells nothing but this; `close` follows, yet not on every platform.
    socket.addEventListener("error", () => this.#lose(new Unreachable(), false));
    socket.addEventListener("close", ({ code: number = 0 }) => {
      const code = CLOSES[number];
      const message = `The connection was closed (${number}).`;
      if (code) this.#lose(new GroundwireError({ code, message, retryable: false }), true);
      else this.#lose(new Unreachable(), false);
    });
  }

  #onFrame(frame: Frame): void {
    this.#expectWithin(this.#silenceMs);
    if (frame.type !== "welcome") return this.#receiver.receive(frame);
    const { heartbeatMs, limits } = frame;
    if (typeof heartbeatMs === "number") this.#silenceMs = heartbeatMs * 1.5;
    const { frameBytes } = (limits ?? {}) as { frameBytes?: number };
    this.#frameBytes = frameBytes ?? Number.POSITIVE_INFINITY;
    this.#expectWithin(this.#silenceMs);
    this.#receiver.open();
  }

  #put(frame: object | string): void {
    if (this.#socket?.readyState !== OPEN) return;
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  #expectWithin(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(new Unreachable(), false), ms);
  }

  #lose(error: GroundwireError, told: boolean): void {
    if (this.#closed) return;
    this.close();
    this.#receiver.lost(error, told);
  }

  #newId(): string {
    this.#nextId += 1;
    return `s${this.#nextId}`;
  }
}

/** Open the platform's own socket. Node takes headers; a browser has no way to send them. */
export const openPlatformSocket: OpenSocket = (url, protocols, headers) =>
  new WebSocket(
    url,
    headers["authorization"] ? ({ protocols, headers } as unknown as string[]) : [...protocols],
  );

interface Address {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

async function addressOf({ http, identify, deviceId }: SocketOptions): Promise<Address> {
  const query: Record<string, string> = { deviceId };
  const protocols = [PROTOCOL];
  const headers: Record<string, string> = {};
  if (identify === "ticket") {
    query["ticket"] = (await http.call<{ ticket: string }>("POST", "/tickets")).ticket;
  } else if (identify !== "frame") {
    const token = (await http.token()) ?? "";
    if (identify === "header") headers["authorization"] = `Bearer ${token}`;
    else if (identify === "query") query["token"] = token;
    else protocols.push(`bearer.${base64url(token)}`);
  }
  // React Native's URL cannot be changed, so the address is put together by hand.
  const parts = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  const origin = http.origin.replace(/^http/, "ws");
  return { url: `${origin}/api/v1/chat/stream?${parts.join("&")}`, protocols, headers };
}

function base64url(text: string): string {
  const bytes = String.fromCharCode(...utf8(text));
  return btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
