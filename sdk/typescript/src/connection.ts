/**
 * One WebSocket that is meant to be there always: it reconnects, resumes every attachment by
 * its cursor, sends again what was not acknowledged, and says honestly how it stands.
 */

import { backoffMs } from "./backoff.ts";
import { GroundwireError, Unreachable } from "./errors.ts";
import { type Ack, type Command, type Frame, parseFrame } from "./wire.ts";

/**
 * `connecting`: never been live yet. `live`: the server answers. `reconnecting`: was live, is
 * trying again. `offline`: several tries failed, still trying at growing intervals.
 * `closed`: not trying; see `reason`.
 */
export type ConnectionState = "connecting" | "live" | "reconnecting" | "offline" | "closed";

export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** When the next try comes, in the milliseconds of `Date.now()`. */
  readonly retryAt: number | null;
  /** Why it is closed or could not open. */
  readonly reason: GroundwireError | null;
}

/** A log that the connection follows. The connection routes frames; the attachment folds them. */
export interface Attachment {
  readonly field: "sessionId" | "workspaceId";
  readonly id: string;
  /** Where to go on, or `undefined` for the snapshot. Asked at every (re)connect. */
  cursor(): string | undefined;
  receive(frame: Frame): void;
  /** Everything up to `seq` was sent: what is not here by now was lost on the way. */
  expect(seq: number): void;
  refuse(error: GroundwireError): void;
  /** The connection is gone; nothing comes until the next `ready`. */
  interrupt(): void;
}

export interface Socket {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "close" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

export interface ConnectionOptions {
  /** The address to open, with a fresh ticket in it. Throws `GroundwireError`. */
  readonly address: () => Promise<string>;
  readonly open?: (url: string) => Socket;
  readonly random?: () => number;
}

interface Sent {
  readonly frame: Command & { readonly id: string };
  readonly resolve: (ack: Ack) => void;
  readonly reject: (error: GroundwireError) => void;
}

const OPEN = 1;
/** The server pings each 30 s; a silence that long and half again means that it is gone. */
const SILENCE_MS = 45_000;
/** How long a server may take to answer a ping after the page was asleep or the network changed. */
const PROBE_MS = 4_000;
const OPEN_TIMEOUT_MS = 10_000;
/** From this many failed tries on, "reconnecting" would be a nicer word than the truth. */
const OFFLINE_AFTER = 3;
/** Codes that trying again cannot mend, until someone does something. */
const FINAL = new Set(["unauthorized", "token_expired", "forbidden", "unsupported_version"]);

export class Connection {
  #options: ConnectionOptions;
  #status: ConnectionStatus = { state: "closed", retryAt: null, reason: null };
  #watchers = new Set<(status: ConnectionStatus) => void>();
  #attachments = new Map<string, Attachment>();
  #outbox = new Map<string, Sent>();
  #socket: Socket | undefined;
  #wasLive = false;
  #failures = 0;
  #nextId = 0;
  #lastError: GroundwireError | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #serverDelayMs: number | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** Call `watcher` now and at every change. Returns what ends it. */
  subscribe(watcher: (status: ConnectionStatus) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#status);
    return () => this.#watchers.delete(watcher);
  }

  start(): void {
    if (this.#status.state !== "closed") return;
    this.#failures = 0;
    globalThis.addEventListener?.("online", this.#wake);
    globalThis.addEventListener?.("offline", this.#wake);
    globalThis.document?.addEventListener("visibilitychange", this.#wake);
    this.#tell({ state: "connecting", retryAt: null, reason: null });
    void this.#open();
  }

  stop(reason: GroundwireError | null = null): void {
    globalThis.removeEventListener?.("online", this.#wake);
    globalThis.removeEventListener?.("offline", this.#wake);
    globalThis.document?.removeEventListener("visibilitychange", this.#wake);
    clearTimeout(this.#retryTimer);
    this.#wasLive = false;
    const socket = this.#forget();
    this.#tell({ state: "closed", retryAt: null, reason });
    socket?.close(1000);
  }

  /** Try now instead of waiting for the next turn. */
  retryNow(): void {
    if (this.#status.retryAt === null) return;
    clearTimeout(this.#retryTimer);
    void this.#open();
  }

  /** Follow a log until the returned function is called. One attachment per log. */
  attach(attachment: Attachment): () => void {
    const key = keyOf(attachment.field, attachment.id);
    this.#attachments.set(key, attachment);
    if (this.#status.state === "live") this.#sendAttach(attachment);
    return () => {
      if (this.#attachments.get(key) !== attachment) return;
      this.#attachments.delete(key);
      this.#sendDetach(attachment);
    };
  }

  /** Begin an attachment again, from its cursor. */
  reattach(attachment: Attachment): void {
    if (this.#attachments.get(keyOf(attachment.field, attachment.id)) !== attachment) return;
    if (this.#status.state !== "live") return;
    this.#sendDetach(attachment);
    this.#sendAttach(attachment);
  }

  /**
   * Send a command and wait for its `ack`, however many reconnects that takes.
   *
   * It is sent again after each of them: commands are idempotent, by `clientMessageId` or by
   * what they mean. Rejects with the server's `GroundwireError`.
   */
  command(command: Command): Promise<Ack> {
    return new Promise((resolve, reject) => {
      const id = this.#newId();
      const sent: Sent = { frame: { ...command, id }, resolve, reject };
      this.#outbox.set(id, sent);
      this.#send(sent.frame);
    });
  }

  async #open(): Promise<void> {
    this.#tell({ ...this.#status, retryAt: null });
    let url: string;
    try {
      url = await this.#options.address();
    } catch (error) {
      this.#failed(error instanceof GroundwireError ? error : new Unreachable());
      return;
    }
    if (this.#status.state === "closed") return;
    const open = this.#options.open ?? ((address: string): Socket => new WebSocket(address));
    const socket = open(url);
    this.#socket = socket;
    this.#expectFrameWithin(OPEN_TIMEOUT_MS);
    socket.addEventListener("open", () => this.#onOpen(socket));
    socket.addEventListener("message", (event) => this.#onMessage(socket, event.data));
    socket.addEventListener("close", () => this.#onClose(socket));
  }

  #onOpen(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#expectFrameWithin(OPEN_TIMEOUT_MS);
  }

  #onMessage(socket: Socket, data: unknown): void {
    if (socket !== this.#socket || typeof data !== "string") return;
    this.#expectFrameWithin(SILENCE_MS);
    const frame = parseFrame(data);
    if (frame) this.#route(frame);
  }

  #onClose(socket: Socket): void {
    if (socket === this.#socket) this.#failed(this.#lastError ?? new Unreachable());
  }

  #route(frame: Frame): void {
    if (frame.type === "welcome") return this.#onWelcome();
    if (frame.type === "ack")
      return this.#settle(frame, (sent) => sent.resolve(frame as unknown as Ack));
    if (frame.type === "error" && frame.seq === undefined) return this.#onError(frame);
    if (frame.type === "reconnect") {
      this.#serverDelayMs = typeof frame["delayMs"] === "number" ? frame["delayMs"] : 0;
      return;
    }
    if (frame.type === "ping" || frame.type === "pong") return this.#checkTails(frame["head"]);
    if (frame.sessionId) this.#attachments.get(keyOf("sessionId", frame.sessionId))?.receive(frame);
    else if (frame.workspaceId)
      this.#attachments.get(keyOf("workspaceId", frame.workspaceId))?.receive(frame);
  }

  /** A heartbeat tells the last position of each log, by the id of the conversation or workspace. */
  #checkTails(head: unknown): void {
    if (typeof head !== "object" || head === null) return;
    const positions = new Map(Object.entries(head));
    for (const attachment of this.#attachments.values()) {
      const seq: unknown = positions.get(attachment.id);
      if (typeof seq === "number") attachment.expect(seq);
    }
  }

  #onWelcome(): void {
    this.#wasLive = true;
    this.#failures = 0;
    this.#lastError = null;
    this.#tell({ state: "live", retryAt: null, reason: null });
    for (const attachment of this.#attachments.values()) this.#sendAttach(attachment);
    for (const sent of this.#outbox.values()) this.#send(sent.frame);
  }

  #onError(frame: Frame): void {
    const error = new GroundwireError({
      code: String(frame["code"] ?? "internal"),
      message: String(frame["message"] ?? ""),
      retryable: frame["retryable"] === true,
    });
    const ref = frame.ref ?? "";
    const attachment = this.#attachments.get(ref);
    if (attachment) {
      // It would be refused again at every reconnect.
      this.#attachments.delete(ref);
      attachment.refuse(error);
    } else if (ref !== "") this.#settle(frame, (sent) => sent.reject(error));
    else this.#lastError = error;
  }

  #settle(frame: Frame, how: (sent: Sent) => void): void {
    const sent = this.#outbox.get(frame.ref ?? "");
    if (!sent) return;
    this.#outbox.delete(sent.frame.id);
    how(sent);
  }

  #sendAttach(attachment: Attachment): void {
    const cursor = attachment.cursor();
    this.#send({
      type: "attach",
      // The key as the id lets a refusal find its way back.
      id: keyOf(attachment.field, attachment.id),
      [attachment.field]: attachment.id,
      ...(cursor === undefined ? {} : { cursor }),
    });
  }

  #sendDetach(attachment: Attachment): void {
    // With an id, so that a refusal is not taken for the connection's.
    this.#send({ type: "detach", id: this.#newId(), [attachment.field]: attachment.id });
  }

  #send(frame: object): void {
    if (this.#status.state === "live" && this.#socket?.readyState === OPEN) {
      this.#socket.send(JSON.stringify(frame));
    }
  }

  /** The page woke up or the network changed: ask at once whether the connection still is one. */
  #wake = (): void => {
    if (globalThis.document?.visibilityState === "hidden") return;
    if (this.#status.retryAt !== null) return this.retryNow();
    if (this.#status.state !== "live") return;
    this.#send({ type: "ping", id: this.#newId() });
    this.#expectFrameWithin(PROBE_MS);
  };

  #expectFrameWithin(ms: number): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#failed(new Unreachable()), ms);
  }

  #failed(error: GroundwireError): void {
    const socket = this.#forget();
    this.#lastError = null;
    socket?.close();
    if (this.#status.state === "closed") return;
    if (FINAL.has(error.code) || error.status === 401) return this.stop(error);
    this.#failures += 1;
    const delay =
      this.#serverDelayMs ?? backoffMs(this.#failures - 1, 15_000, this.#options.random);
    this.#serverDelayMs = undefined;
    const state =
      this.#failures > OFFLINE_AFTER ? "offline" : this.#wasLive ? "reconnecting" : "connecting";
    this.#tell({ state, retryAt: Date.now() + delay, reason: error });
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#open(), delay);
  }

  #forget(): Socket | undefined {
    clearTimeout(this.#silenceTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    for (const attachment of this.#attachments.values()) attachment.interrupt();
    return socket;
  }

  #tell(status: ConnectionStatus): void {
    this.#status = status;
    for (const watcher of this.#watchers) watcher(status);
  }

  #newId(): string {
    this.#nextId += 1;
    return `m${this.#nextId}`;
  }
}

function keyOf(field: Attachment["field"], id: string): string {
  return `${field === "sessionId" ? "c" : "w"}/${id}`;
}
