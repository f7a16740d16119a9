/**
 * A connection that is meant to be there always: it takes the best way that works, reconnects,
 * resumes every attachment by its cursor, sends again what was not acknowledged, and says
 * honestly how it stands.
 */

import { backoffMs } from "./backoff.ts";
import {
  type Attachment,
  type Channel,
  keyOf,
  type Receiver,
  type Sent,
  type Transport,
} from "./channel.ts";
import { Closed, errorOf, type GroundwireError, Unreachable } from "./errors.ts";
import { HttpChannel } from "./over_http.ts";
import { followPolls } from "./poll.ts";
import { SocketChannel, type SocketOptions } from "./socket.ts";
import { followStream } from "./sse.ts";
import type { ConnectionStatus } from "./status.ts";
import type { Command, Ephemeral, Frame } from "./wire.ts";

export interface ConnectionOptions extends SocketOptions {
  /** The ways to take, the best first. */
  readonly transports: readonly Transport[];
  /** Call back when the device woke up or the network changed; returns what ends that. */
  readonly wakes: (wake: () => void) => () => void;
  /** When a better way is tried again, first; then at growing intervals. */
  readonly betterAfterMs: number;
  readonly random: () => number;
}

interface Waiting {
  readonly frame: Sent;
  readonly resolve: (answer: Frame) => void;
  readonly reject: (error: GroundwireError) => void;
  /** How often the server asked to be asked again later. */
  postponed: number;
}

/** From this many failed tries on, "reconnecting" would be a nicer word than the truth. */
const OFFLINE_AFTER = 3;
/** A way that was open for less than this was not worth opening. */
const QUICK_MS = 5_000;
/** So many failures of that kind, one after the other, and the next way is taken. */
const QUICK_FAILURES = 2;
const BETTER_CEILING_MS = 900_000;
const POSTPONED_AT_MOST = 3;
/** Codes that trying again cannot mend, until someone does something. */
const FINAL = new Set(["bad_json", "conflict", "forbidden", "too_large", "unsupported_version"]);
/** Codes that a fresh token or ticket may mend, once. */
const IDENTITY = new Set(["unauthorized", "token_expired"]);

export class Connection {
  #options: ConnectionOptions;
  #status: ConnectionStatus;
  #watchers = new Set<(status: ConnectionStatus) => void>();
  #attachments = new Map<string, Attachment>();
  #outbox = new Map<string, Waiting>();
  #channel: Channel | undefined;
  /** A better way that is being tried while another is open. */
  #candidate: Channel | undefined;
  #level = 0;
  #openedAt = 0;
  #wasLive = false;
  #failures = 0;
  #quickFailures = 0;
  #climbs = 0;
  #renewed = false;
  #nextId = 0;
  /** The last frame was an error: one of the connection's, or what somebody was waiting for. */
  #lastError: GroundwireError | "claimed" | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #climbTimer: ReturnType<typeof setTimeout> | undefined;
  #serverDelayMs: number | null = null;
  #sleep: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#status = { state: "closed", transport: this.#transport, retryAt: null, reason: null };
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
    this.#failures = this.#quickFailures = this.#climbs = this.#level = 0;
    this.#renewed = false;
    this.#sleep = this.#options.wakes(() => this.#wake());
    this.#tell({ state: "connecting", retryAt: null, reason: null });
    this.#open();
  }

  /** Try no more. What was not acknowledged fails; logs can go on after another `start`. */
  stop(reason: GroundwireError | null = null): void {
    this.#sleep?.();
    clearTimeout(this.#retryTimer);
    this.#wasLive = false;
    this.#forget(reason ?? new Closed());
    this.#tell({ state: "closed", retryAt: null, reason });
    const outbox = [...this.#outbox.values()];
    this.#outbox.clear();
    for (const waiting of outbox) waiting.reject(reason ?? new Closed());
  }

  /** Try now instead of waiting for the next turn. */
  retryNow(): void {
    if (this.#status.retryAt === null) return;
    clearTimeout(this.#retryTimer);
    this.#open();
  }

  /** Follow a log until the returned function is called. One attachment per log. */
  attach(attachment: Attachment): () => void {
    const key = keyOf(attachment.field, attachment.id);
    this.#attachments.set(key, attachment);
    if (this.#status.state === "live") this.#channel?.attach(attachment);
    return () => {
      if (!this.#forgetAttachment(attachment)) return;
      this.#channel?.detach(attachment);
    };
  }

  /** Begin an attachment again, from its cursor. */
  reattach(attachment: Attachment): void {
    if (this.#attachments.get(keyOf(attachment.field, attachment.id)) !== attachment) return;
    if (this.#status.state !== "live") return;
    this.#channel?.detach(attachment);
    this.#channel?.attach(attachment);
  }

  /**
   * Send a command and wait for the frame that answers it, however many reconnects that takes.
   *
   * It is sent again after each of them: commands are idempotent, by `clientMessageId` or by
   * what they mean. Rejects with the server's `GroundwireError`.
   */
  command(command: Command): Promise<Frame> {
    const { reason } = this.#status;
    if (this.#status.state === "closed" && reason) return Promise.reject(reason);
    return new Promise((resolve, reject) => {
      this.#nextId += 1;
      const id = `m${this.#nextId}`;
      this.#outbox.set(id, { frame: { ...command, id }, resolve, reject, postponed: 0 });
      this.#send(id);
    });
  }

  /** Say to the other devices what is true only now; forgotten where it cannot be said at once. */
  mention(frame: Ephemeral): void {
    // Over HTTP nobody could tell it from what another device says.
    if (this.#status.state !== "live" || this.#channel?.transport !== "websocket") return;
    this.#nextId += 1;
    this.#channel.send({ ...frame, id: `m${this.#nextId}` });
  }

  get #transport(): Transport {
    return this.#options.transports[this.#level] ?? "poll";
  }

  #open(): void {
    this.#tell({ state: this.#status.state, retryAt: null, reason: this.#status.reason });
    this.#channel = this.#openChannel(this.#level);
  }

  #openChannel(level: number, proof?: Attachment): Channel {
    const transport = this.#options.transports[level] ?? "poll";
    const receiver: Receiver = {
      open: () => this.#onOpen(channel, level),
      receive: (frame) => {
        if (channel === this.#channel) this.#receive(frame);
      },
      refuse: (attachment, error) => this.#refuse(attachment, error),
      lost: (error, told) => {
        if (channel === this.#channel) this.#onLost(error, told);
        else if (channel === this.#candidate) this.#onNoBetter(level);
      },
    };
    const follow = transport === "sse" ? followStream : followPolls;
    const channel: Channel =
      transport === "websocket"
        ? new SocketChannel(this.#options, receiver)
        : new HttpChannel(transport, this.#options, follow, receiver, proof);
    return channel;
  }

  #onOpen(channel: Channel, level: number): void {
    if (channel === this.#candidate) {
      this.#candidate = undefined;
      this.#channel?.close();
      this.#channel = channel;
    } else if (channel !== this.#channel) return;
    this.#level = level;
    this.#openedAt = Date.now();
    this.#wasLive = true;
    this.#failures = 0;
    this.#lastError = null;
    this.#tell({ state: "live", retryAt: null, reason: null });
    for (const attachment of this.#attachments.values()) channel.attach(attachment);
    for (const id of this.#outbox.keys()) this.#send(id);
    this.#planClimb();
  }

  #receive(frame: Frame): void {
    const isError = frame.type === "error" && frame.seq === undefined;
    this.#lastError = isError ? this.#onError(frame) : null;
    if (isError || this.#settle(frame)) return;
    if (frame.type === "reconnect") {
      this.#serverDelayMs = typeof frame["delayMs"] === "number" ? frame["delayMs"] : 0;
    } else if (frame.type === "auth_expiring") void this.#renew();
    else if (frame.type === "ping" || frame.type === "pong") this.#checkTails(frame["head"]);
    else if (frame.sessionId)
      this.#attachments.get(keyOf("sessionId", frame.sessionId))?.receive(frame);
    else if (frame.workspaceId)
      this.#attachments.get(keyOf("workspaceId", frame.workspaceId))?.receive(frame);
  }

  /** A heartbeat tells the last position of each log, by the id of the conversation or workspace. */
  #checkTails(head: unknown): void {
    const positions = new Map(Object.entries(head ?? {}));
    for (const attachment of this.#attachments.values()) {
      const seq: unknown = positions.get(attachment.id);
      if (typeof seq === "number") attachment.expect(seq);
    }
  }

  /** Whose error it is; `claimed` if it is not the connection's. */
  #onError(frame: Frame): GroundwireError | "claimed" {
    const error = errorOf(frame);
    const ref = frame.ref ?? "";
    const attachment = this.#attachments.get(ref);
    const waiting = this.#outbox.get(ref);
    if (attachment) this.#refuse(attachment, error);
    else if (waiting && error.retryAfterMs !== null && waiting.postponed < POSTPONED_AT_MOST) {
      waiting.postponed += 1;
      setTimeout(() => this.#send(ref), error.retryAfterMs);
    } else if (waiting) {
      this.#outbox.delete(ref);
      waiting.reject(error);
    } else return error;
    return "claimed";
  }

  /** Give a command the frame that answers it. A `ready` that a question brings is not that. */
  #settle(frame: Frame): boolean {
    const ref = frame.ref ?? "";
    const waiting = this.#outbox.get(ref);
    if (!waiting || frame.type === "ready") return false;
    this.#outbox.delete(ref);
    waiting.resolve(frame);
    return true;
  }

  #refuse(attachment: Attachment, error: GroundwireError): void {
    // It would be refused again at every reconnect.
    if (this.#forgetAttachment(attachment)) attachment.refuse(error);
  }

  #forgetAttachment(attachment: Attachment): boolean {
    const key = keyOf(attachment.field, attachment.id);
    return this.#attachments.get(key) === attachment && this.#attachments.delete(key);
  }

  #send(id: string): void {
    const waiting = this.#outbox.get(id);
    if (waiting && this.#status.state === "live") this.#channel?.send(waiting.frame);
  }

  async #renew(): Promise<void> {
    const { http } = this.#options;
    if (!http.canRenew) return;
    http.renew();
    try {
      const token = await http.token();
      if (token !== undefined) this.#channel?.renew(token);
    } catch {
      // The connection closes when the old token has expired, and then says why.
    }
  }

  /** The page woke up or the network changed: ask at once whether the connection still is one. */
  #wake(): void {
    if (this.#status.retryAt !== null) return this.retryNow();
    if (this.#status.state !== "live") return;
    this.#channel?.probe();
    this.#climb(0);
  }

  #onLost(error: GroundwireError, told: boolean): void {
    const last = this.#lastError;
    // Who was refused what they asked for is not refused the connection.
    const reason = last === "claimed" ? new Unreachable() : (last ?? error);
    const wasTold = told || last !== null;
    const isQuick = Date.now() - this.#openedAt < QUICK_MS || this.#status.state !== "live";
    this.#forget();
    if (!isQuick) this.#renewed = false;
    if (reason.code === "gone") return this.#onGone(reason);
    if (IDENTITY.has(reason.code) || reason.status === 401) return this.#onUnknown(reason);
    if (FINAL.has(reason.code)) return this.stop(reason);
    this.#quickFailures = isQuick && !wasTold ? this.#quickFailures + 1 : 0;
    if (this.#quickFailures >= QUICK_FAILURES) {
      // After the last way comes the first again: what was bad there may be over.
      this.#quickFailures = 0;
      this.#level = (this.#level + 1) % this.#options.transports.length;
    }
    this.#retry(reason);
  }

  /** A conversation was deleted: the only one, or one of several, which attaching will tell. */
  #onGone(reason: GroundwireError): void {
    const [attachment, ...others] = this.#attachments.values();
    if (attachment && others.length === 0) {
      this.#refuse(attachment, reason);
      this.stop(reason);
    } else this.#retry(reason);
  }

  /** The server does not take the token or ticket, or no longer: a fresh one may be better. */
  #onUnknown(reason: GroundwireError): void {
    if (this.#renewed) return this.stop(reason);
    this.#renewed = true;
    this.#options.http.renew();
    this.#serverDelayMs = 0;
    this.#retry(reason);
  }

  #retry(reason: GroundwireError): void {
    this.#failures += 1;
    const random = backoffMs(this.#failures - 1, 15_000, this.#options.random);
    const asked = this.#serverDelayMs ?? reason.retryAfterMs;
    // Who was told when is a little late, so that not all who were told so come in one moment.
    const delay = asked === null ? random : asked + Math.min(random, asked / 2);
    this.#serverDelayMs = null;
    const state =
      this.#failures > OFFLINE_AFTER ? "offline" : this.#wasLive ? "reconnecting" : "connecting";
    this.#tell({ state, retryAt: Date.now() + delay, reason });
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#open(), delay);
  }

  /** Try a better way later, while this one is open. */
  #planClimb(): void {
    clearTimeout(this.#climbTimer);
    if (this.#level === 0) {
      this.#climbs = 0;
      return;
    }
    const delay = Math.min(BETTER_CEILING_MS, this.#options.betterAfterMs * 2 ** this.#climbs);
    this.#climbs += 1;
    this.#climbTimer = setTimeout(() => this.#climb(0), delay);
  }

  #climb(level: number): void {
    const { state } = this.#status;
    if (state !== "live" || level >= this.#level || this.#candidate) return;
    const [proof] = this.#attachments.values();
    this.#candidate = this.#openChannel(level, proof);
  }

  #onNoBetter(level: number): void {
    this.#candidate = undefined;
    if (level + 1 < this.#level) this.#climb(level + 1);
    else this.#planClimb();
  }

  #forget(error?: GroundwireError): void {
    clearTimeout(this.#climbTimer);
    this.#channel?.close();
    this.#candidate?.close();
    this.#channel = this.#candidate = undefined;
    for (const attachment of this.#attachments.values()) attachment.interrupt(error);
  }

  #tell(status: Omit<ConnectionStatus, "transport">): void {
    this.#status = { ...status, transport: this.#transport };
    for (const watcher of this.#watchers) watcher(this.#status);
  }
}
