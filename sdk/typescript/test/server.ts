/** A server in memory with one conversation's log, whose connections can be cut anywhere. */

import type { Frame, Socket } from "../src/index.ts";
import { emptyConversation, fold } from "../src/index.ts";
import { snapshotOf } from "./snapshot.ts";

type Listener = (event: { data: unknown }) => void;

class Pipe implements Socket {
  readyState = 0;
  readonly #listeners = new Map<string, Listener[]>();
  readonly #onFrame: (frame: Frame) => void;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  emit(type: string, data?: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener({ data });
  }

  send(data: string): void {
    this.#onFrame(JSON.parse(data) as Frame);
  }

  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit("close");
  }
}

export class MemoryServer {
  epoch = "e1";
  log: Frame[] = [];
  received: Frame[] = [];
  connections = 0;
  /** Cut the connection after so many more events; endless when `undefined`. */
  cutAfter: number | undefined;
  /** Keep answers to questions back, as when the connection goes before the `ack`. */
  loseAcks = false;
  #asked = new Map<string, string>();
  #socket: Pipe | undefined;
  #following = false;

  readonly open = (): Socket => {
    this.connections += 1;
    const socket = new Pipe((frame) => this.#receive(socket, frame));
    this.#socket = socket;
    this.#following = false;
    queueMicrotask(() => {
      socket.readyState = 1;
      socket.emit("open");
      this.#send(socket, {
        type: "welcome",
        connectionId: `n${this.connections}`,
        protocol: "groundwire.v1",
      });
    });
    return socket;
  };

  append(...events: Record<string, unknown>[]): void {
    for (const event of events) {
      const frame = { sessionId: "c1", ...event, seq: this.log.length + 1 } as unknown as Frame;
      this.log.push(frame);
      if (this.#following && this.#socket) this.#deliver(this.#socket, frame);
    }
  }

  ping(): void {
    if (this.#socket) this.#send(this.#socket, { type: "ping", head: { c1: this.log.length } });
  }

  cut(): void {
    this.#socket?.close();
  }

  #receive(socket: Pipe, frame: Frame): void {
    this.received.push(frame);
    if (frame.type === "attach") this.#attach(socket, frame);
    if (frame.type === "chat_message") this.#ask(socket, frame);
    if (frame.type === "cancel") this.#send(socket, { type: "ack", ref: frame["id"], noop: true });
  }

  #ask(socket: Pipe, frame: Frame): void {
    const id = String(frame["clientMessageId"]);
    const duplicate = this.#asked.has(id);
    if (!duplicate) {
      this.#asked.set(id, `t${this.#asked.size + 1}`);
      this.append({
        type: "message.created",
        turnId: this.#asked.get(id),
        messageId: `q-${id}`,
        role: "user",
        content: frame["content"],
        clientMessageId: id,
      });
    }
    if (this.loseAcks) socket.close();
    else this.#send(socket, { type: "ack", ref: frame["id"], clientMessageId: id, duplicate });
  }

  #attach(socket: Pipe, frame: Frame): void {
    const [epoch, seq] = String(frame["cursor"] ?? "").split(":");
    const after = Number(seq);
    const resumed = epoch === this.epoch && after <= this.log.length;
    const head = this.log.length;
    this.#send(socket, { type: "ready", sessionId: "c1", epoch: this.epoch, head, resumed });
    if (!resumed) {
      const state = this.log.reduce(fold, emptyConversation("c1"));
      this.#send(socket, { type: "snapshot", ...snapshotOf(state, `${this.epoch}:${head}`) });
    }
    this.#following = true;
    for (const event of this.log.slice(resumed ? after : head)) this.#deliver(socket, event);
  }

  #deliver(socket: Pipe, frame: Frame): void {
    if (socket.readyState !== 1) return;
    if (this.cutAfter === 0) {
      this.cutAfter = undefined;
      socket.close();
      return;
    }
    if (this.cutAfter !== undefined) this.cutAfter -= 1;
    this.#send(socket, frame);
  }

  #send(socket: Pipe, frame: object): void {
    if (socket.readyState === 1) socket.emit("message", JSON.stringify(frame));
  }
}
