/** A conversation that is followed: the fold of its log, kept current over every reconnect. */

import type { Attachment } from "./channel.ts";
import type { Connection } from "./connection.ts";
import type { GroundwireError } from "./errors.ts";
import { fold } from "./fold.ts";
import { newId } from "./ids.ts";
import { verify } from "./sha256.ts";
import {
  type Conversation,
  emptyConversation,
  fromSnapshot,
  parseCursor,
  placeOf,
} from "./state.ts";
import type { Frame, Ready, Snapshot } from "./wire.ts";

/** A question that the log does not hold yet. `error` says that the server refused it. */
export interface Pending {
  readonly clientMessageId: string;
  readonly content: string;
  readonly error: GroundwireError | null;
}

export interface ConversationView extends Conversation {
  /** Whether what is shown is known to be current. */
  readonly current: boolean;
  /** Whether anything was loaded yet. */
  readonly loaded: boolean;
  readonly pending: readonly Pending[];
  /** Why the conversation cannot be followed: deleted, or not this principal's. */
  readonly refusal: GroundwireError | null;
  /** Answers, by id, whose text was compared with the server's hash. */
  readonly verified: ReadonlyMap<string, boolean>;
}

export interface AskOptions {
  readonly workspaceId?: string | undefined;
  readonly model?: string | undefined;
  /** In which the sentences of the turn come; told from the question when it is not given. */
  readonly language?: "en" | "zh" | undefined;
  /** Give the same one again to repeat a question of unknown outcome. */
  readonly clientMessageId?: string;
}

export class LiveConversation implements Attachment {
  readonly field = "sessionId";
  readonly id: string;
  #connection: Connection;
  #view: ConversationView;
  #epoch: string | undefined;
  #seq = 0;
  #mending = false;
  #watchers = new Set<(view: ConversationView) => void>();
  #detach: () => void;

  constructor(connection: Connection, id: string) {
    this.#connection = connection;
    this.id = id;
    this.#view = {
      ...emptyConversation(id),
      current: false,
      loaded: false,
      pending: [],
      refusal: null,
      verified: new Map(),
    };
    this.#detach = connection.attach(this);
  }

  get view(): ConversationView {
    return this.#view;
  }

  /** Call `watcher` now and at every change. Returns what ends it. */
  subscribe(watcher: (view: ConversationView) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#view);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Ask a question. Resolves when it is durable; its answer comes as events.
   *
   * The question is in `pending` from this call until the log has it, and with its `error`
   * when the server refuses it. Never throws: look at `pending`.
   */
  async ask(content: string, options: AskOptions = {}): Promise<void> {
    const clientMessageId = options.clientMessageId ?? newId();
    this.#setPending({ clientMessageId, content, error: null });
    try {
      await this.#connection.command({
        type: "chat_message",
        sessionId: this.id,
        content,
        clientMessageId,
        ...(options.workspaceId === undefined ? {} : { workspaceId: options.workspaceId }),
        ...(options.model === undefined ? {} : { model: options.model }),
        ...(options.language === undefined ? {} : { language: options.language }),
      });
    } catch (error) {
      this.#setPending({ clientMessageId, content, error: error as GroundwireError });
    }
  }

  /** Forget a question that was refused. */
  dismiss(clientMessageId: string): void {
    const pending = this.#view.pending.filter((one) => one.clientMessageId !== clientMessageId);
    this.#change({ pending });
  }

  /** Stop the answer that is being made. Rejects with `GroundwireError`. */
  cancel(): Promise<unknown> {
    const turnId = this.#view.turn?.turnId;
    return this.#connection.command({
      type: "cancel",
      sessionId: this.id,
      ...(turnId === undefined ? {} : { turnId }),
    });
  }

  /** Answer the question of `messageId` (an answer) once more. Rejects with `GroundwireError`. */
  regenerate(messageId: string, model?: string): Promise<unknown> {
    return this.#connection.command({
      type: "regenerate",
      sessionId: this.id,
      messageId,
      clientMessageId: newId(),
      ...(model === undefined ? {} : { model }),
    });
  }

  close(): void {
    this.#detach();
    this.#watchers.clear();
  }

  cursor(): string | undefined {
    return this.#epoch === undefined ? undefined : `${this.#epoch}:${this.#seq}`;
  }

  receive(frame: Frame): void {
    if (frame.type === "ready") this.#onReady(frame as unknown as Ready);
    else if (frame.type === "snapshot") this.#onSnapshot(frame as unknown as Snapshot);
    else if (frame.seq !== undefined) this.#onEvent(frame);
  }

  expect(seq: number): void {
    if (this.#epoch !== undefined && seq > this.#seq) this.#mend();
  }

  refuse(error: GroundwireError): void {
    this.#change({ refusal: error, current: false });
  }

  interrupt(): void {
    this.#mending = false;
    if (this.#view.current) this.#change({ current: false });
  }

  #onReady(ready: Ready): void {
    this.#mending = false;
    if (ready.resumed) {
      this.#epoch = ready.epoch;
      this.#change({ current: true, loaded: true, refusal: null });
      return;
    }
    this.#epoch = undefined;
    // Of an empty log there is nothing to fold, so whatever comes next is its beginning.
    if (ready.head === 0) {
      this.#epoch = ready.epoch;
      this.#seq = 0;
      this.#change({ ...emptyConversation(this.id), current: true, loaded: true, refusal: null });
    }
  }

  #onSnapshot(snapshot: Snapshot): void {
    const cursor = parseCursor(snapshot.cursor);
    if (!cursor) return;
    this.#epoch = cursor.epoch;
    this.#seq = cursor.seq;
    const state = fromSnapshot(snapshot);
    this.#change({
      ...state,
      pending: this.#stillPending(state),
      current: true,
      loaded: true,
      refusal: null,
    });
    for (const message of state.messages) this.#verify(message.messageId);
  }

  #onEvent(event: Frame): void {
    if (this.#epoch === undefined || this.#mending) return;
    const place = placeOf(event, this.#seq);
    if (place === "old") return;
    if (place === "gap") return this.#mend();
    this.#seq = event.seq ?? this.#seq;
    const state = fold(this.#view, event);
    if (state !== this.#view) {
      const created = event.type === "message.created";
      this.#change(created ? { ...state, pending: this.#stillPending(state) } : state);
    }
    if (event.type === "done") this.#verify(String(event["messageId"]));
  }

  /** Events are missing: read again from the last one that was folded. */
  #mend(): void {
    this.#mending = true;
    this.#change({ current: false });
    this.#connection.reattach(this);
  }

  /** Begin from a snapshot. */
  #restart(): void {
    this.#epoch = undefined;
    this.#mend();
  }

  #verify(messageId: string): void {
    const message = this.#view.messages.find((one) => one.messageId === messageId);
    if (!message?.contentHash || this.#view.verified.get(messageId)) return;
    const same = verify(message.content, message.contentHash);
    // A text that is not the server's is thrown away once; if the snapshot does not mend it, say so.
    const firstTime = !this.#view.verified.has(messageId);
    this.#change({ verified: new Map(this.#view.verified).set(messageId, same) });
    if (!same && firstTime) this.#restart();
  }

  #setPending(pending: Pending): void {
    const others = this.#view.pending.filter(
      (one) => one.clientMessageId !== pending.clientMessageId,
    );
    this.#change({ pending: [...others, pending] });
  }

  #stillPending(state: Conversation): readonly Pending[] {
    const known = new Set(state.messages.map((message) => message.clientMessageId));
    return this.#view.pending.filter((one) => !known.has(one.clientMessageId));
  }

  #change(change: Partial<ConversationView>): void {
    this.#view = { ...this.#view, ...change };
    for (const watcher of this.#watchers) watcher(this.#view);
  }
}
