/** What the commands of a test's client do to the logs of its server. */

import type { Frame } from "../src/index.ts";
import { Log } from "./log.ts";
import { turnOf } from "./reader.ts";

/** A refusal: an error frame on a socket, a problem over HTTP. */
export class Refused extends Error {
  readonly status: number;
  readonly problem: object;

  constructor(status: number, code: string, message: string, detail: object = {}) {
    super(message);
    this.status = status;
    this.problem = { code, message, retryable: false, ...detail };
  }
}

export class Commands {
  readonly received: Frame[] = [];
  /** Keep answers back, as when the connection goes before the `ack`. */
  losesAnswers = false;
  /** What every question is answered with, at once; nothing when `undefined`. */
  answers: string | undefined;
  /** What the next commands are refused with. */
  readonly refusals: Refused[] = [];
  /** Logs that are there no more. */
  readonly gone = new Set<string>();
  #logs = new Map<string, Log>();
  #turns = new Map<string, string>();

  log(id: string, asked: { workspaceId?: string } = {}): Log {
    const field = asked.workspaceId === undefined ? "sessionId" : "workspaceId";
    const log = this.#logs.get(id) ?? new Log(field, id);
    this.#logs.set(id, log);
    return log;
  }

  check(log: Log): void {
    if (this.gone.has(log.id)) throw new Refused(404, "not_found", "It is not there.");
  }

  /** Carry a command out and return the frame that answers it. Throws `Refused`. */
  run(frame: Frame): Frame {
    this.received.push(frame);
    const refusal = this.refusals.shift();
    if (refusal) throw refusal;
    const log = this.log(String(frame.sessionId));
    switch (frame.type) {
      case "chat_message":
      case "edit":
      case "regenerate":
        return this.#ask(log, frame);
      case "steer":
        return this.#steer(log, frame);
      case "history": {
        const { epoch, events } = log;
        return { type: "history", sessionId: log.id, epoch, events, hasMore: false };
      }
      default:
        return { type: "ack", sessionId: log.id, noop: frame.type === "cancel" };
    }
  }

  #ask(log: Log, frame: Frame): Frame {
    const clientMessageId = String(frame["clientMessageId"]);
    const known = this.#turns.get(clientMessageId);
    const turnId = known ?? `t${this.#turns.size + 1}`;
    if (known === undefined && frame.type !== "regenerate") {
      log.append({
        type: "message.created",
        turnId,
        messageId: `q${turnId}`,
        role: "user",
        content: frame["content"],
        clientMessageId,
        parentId: frame["parentId"] ?? null,
        ...(frame.type === "edit" ? { forkOf: frame["messageId"] } : {}),
      });
    }
    this.#turns.set(clientMessageId, turnId);
    const messageSeq = log.head;
    if (known === undefined) this.#answer(log, turnId);
    return { type: "ack", clientMessageId, turnId, messageSeq, duplicate: known !== undefined };
  }

  #answer(log: Log, turnId: string): void {
    if (this.answers === undefined) return;
    const [, started, ...rest] = turnOf(this.answers, turnId);
    const items = [{ id: "d1:1", n: 1, documentId: "d1", title: "guide.md", text: "…" }];
    log.append(started ?? {}, { type: "sources", turnId, items }, ...rest);
  }

  #steer(log: Log, frame: Frame): Frame {
    const { content, clientMessageId } = frame;
    const ended = new Set(log.events.filter((event) => event.type === "done").map(idOf));
    const running = log.events.find((event) => event.turnId && !ended.has(idOf(event)));
    if (!running) return { type: "steer.failed", content, clientMessageId, reason: "not_running" };
    const turnId = `t${this.#turns.size + 1}`;
    this.#turns.set(String(clientMessageId), turnId);
    const messageId = `q${turnId}`;
    const steered = idOf(running);
    log.append({
      type: "steer.accepted",
      turnId: steered,
      messageId,
      clientMessageId,
      content,
      author: "p1",
    });
    return { type: "ack", clientMessageId, turnId, messageSeq: log.head, duplicate: false };
  }
}

function idOf(event: Frame): unknown {
  return event["turnId"];
}
