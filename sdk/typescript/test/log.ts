/** One log of a test's server: what is appended, and readers that are woken. */

import { emptyConversation, type Frame, fold } from "../src/index.ts";
import { messageOf, snapshotOf } from "./snapshot.ts";

export class Log {
  readonly id: string;
  readonly field: "sessionId" | "workspaceId";
  epoch = "e1";
  events: Frame[] = [];
  /** Whether it is there only once it is written to. */
  isUnbegun = false;
  /** How many of the newest messages a snapshot holds. */
  window = 200;
  /** Older ones that it holds as well: a branch that leaves off far back. */
  branch: readonly string[] = [];
  readonly #wakes = new Set<() => void>();

  constructor(field: "sessionId" | "workspaceId", id: string) {
    this.field = field;
    this.id = id;
  }

  get head(): number {
    return this.events.length;
  }

  append(...events: readonly object[]): void {
    this.isUnbegun = false;
    for (const event of events) {
      const seq = this.head + 1;
      this.events.push({ [this.field]: this.id, ...event, seq } as unknown as Frame);
    }
    for (const wake of [...this.#wakes]) wake();
  }

  /** An event that is in the log and that no reader is woken for. */
  lose(event: object): void {
    this.events.push({ [this.field]: this.id, ...event, seq: this.head + 1 } as unknown as Frame);
  }

  watch(wake: () => void): () => void {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  }

  /** Where a reader with this cursor goes on, or why it cannot. */
  serve(cursor: string | null): { after: number } | { reason: string | null } {
    if (cursor === null) return { reason: null };
    if (cursor === "0") return { after: 0 };
    const [epoch, seq] = cursor.split(":");
    if (epoch !== this.epoch) return { reason: "epoch_changed" };
    return Number(seq) > this.head ? { reason: "ahead_of_head" } : { after: Number(seq) };
  }

  ready(resumed: boolean, reason: string | null = null): object {
    const { epoch, head } = this;
    return { type: "ready", [this.field]: this.id, epoch, head, resumed, reason };
  }

  snapshot(): object | undefined {
    if (this.field === "workspaceId") return undefined;
    const state = this.events.reduce(fold, emptyConversation(this.id));
    const whole = snapshotOf(state, `${this.epoch}:${this.head}`);
    const messages = whole.messages.filter(
      ({ messageId }, at) =>
        at >= whole.messages.length - this.window || this.branch.includes(messageId),
    );
    return {
      ...whole,
      type: "snapshot",
      messages,
      hasMore: messages.length < whole.messages.length,
    };
  }

  page(before: string, limit: number): object {
    const { messages } = this.events.reduce(fold, emptyConversation(this.id));
    const end = messages.findIndex((message) => message.messageId === before);
    const start = Math.max(0, end - limit);
    return { messages: messages.slice(start, end).map(messageOf), hasMore: start > 0 };
  }
}
