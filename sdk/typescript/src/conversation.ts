/** A conversation that is followed: the fold of its log, kept current over every reconnect. */

import { Answer } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { type Device, Devices } from "./devices.ts";
import { Closed, GroundwireError, SteerFailed } from "./errors.ts";
import { fold } from "./fold.ts";
import { newId } from "./ids.ts";
import { Live } from "./live.ts";
import { type Pending, stillPending } from "./pending.ts";
import { verify } from "./sha256.ts";
import {
  type Conversation,
  emptyConversation,
  fromSnapshot,
  parseCursor,
  withOlder,
} from "./state.ts";
import type {
  Ack,
  Cancel,
  ChatMessage,
  Edit,
  Frame,
  History,
  HistoryPage,
  Json,
  MessagePage,
  Ready,
  Regenerate,
  Snapshot,
  Steer,
} from "./wire.ts";

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
  /** The other tabs and devices on which it is open. */
  readonly others: readonly Device[];
}

type Own = "type" | "sessionId" | "content" | "messageId" | "clientMessageId";
/** Give the same `clientMessageId` again to repeat a question of unknown outcome. */
interface Repeatable {
  readonly clientMessageId?: string | undefined;
}

export type AskOptions = Omit<ChatMessage, Own> & Repeatable;
export type EditOptions = Omit<Edit, Own> & Repeatable;
export type SteerOptions = Omit<Steer, Own> & Repeatable;
export type RegenerateOptions = Omit<Regenerate, Own> & Repeatable;

/** Of a long conversation a snapshot has so many messages without a gap. */
const NEWEST = 50;

/** Who types says so again after this long. */
const TYPING_MS = 3_000;

export class LiveConversation extends Live<ConversationView> {
  #readOlder: (before: string, limit: number) => Promise<MessagePage>;
  /** The lifetime of the log that is shown. */
  #lifetime: string | undefined;
  /** Answers whose text was not the server's, and that were read once more. */
  #doubted = new Set<string>();
  #answers = new Set<Answer>();
  #devices = new Devices((others) => this.change({ others }));
  #older: Promise<void> | undefined;
  /** The message before which older ones are to be had. */
  #before = "";
  #isAway = false;
  #typedAt = 0;

  /** `readOlder` reads the messages before one. */
  constructor(
    connection: Connection,
    id: string,
    readOlder: (before: string, limit: number) => Promise<MessagePage>,
  ) {
    super(connection, "sessionId", id, {
      ...emptyConversation(id),
      current: false,
      loaded: false,
      pending: [],
      refusal: null,
      verified: new Map(),
      others: [],
    });
    this.#readOlder = readOlder;
  }

  /**
   * Ask a question. Resolves when it is durable; its answer comes as events, and in pieces.
   *
   * The question is in `pending` from this call until the log has it, and with its `error`
   * when the server refuses it. Never throws: look at `pending`, or at the answer's `done`.
   */
  ask(content: string, options: AskOptions = {}): Promise<Answer> {
    return this.#put({ type: "chat_message", ...this.#asks(options), content });
  }

  /** Ask the question `messageId` in other words, in a branch beside it. As `ask`. */
  edit(messageId: string, content: string, options: EditOptions = {}): Promise<Answer> {
    return this.#put({ type: "edit", ...this.#asks(options), messageId, content });
  }

  /**
   * Correct the answer that runs: it ends soon, and the answer that is returned goes on. As `ask`;
   * a correction that comes too late is in `pending` with the error `steer_failed`, and one that
   * was accepted but could not be applied is in `returned` of the answer that it was to correct.
   */
  steer(content: string, options: SteerOptions = {}): Promise<Answer> {
    return this.#put({ type: "steer", ...this.#asks(options), content });
  }

  /** Answer the question of `messageId` (an answer) once more. Rejects with `GroundwireError`. */
  async regenerate(messageId: string, options: RegenerateOptions = {}): Promise<Answer> {
    const command: Regenerate = { type: "regenerate", ...this.#asks(options), messageId };
    const answer = new Answer(this, command);
    answer.accept(await this.connection.command(command));
    return this.#keep(answer);
  }

  /** The answer that a turn writes, by default the one that runs: somebody else's question, say. */
  answer(turnId = this.view.turn?.turnId ?? ""): Answer {
    const answer = new Answer(this, turnId);
    if (this.view.loaded && answer.isLost(this.view, this.seq)) answer.fail(notHere());
    else this.#keep(answer);
    return answer;
  }

  /** Send once more what was refused; a correction that came too late is asked as a question. */
  retry(clientMessageId: string): Promise<Answer> | undefined {
    const pending = this.view.pending.find((one) => one.clientMessageId === clientMessageId);
    if (!pending) return undefined;
    this.dismiss(clientMessageId);
    const { content, command } = pending;
    if (command.type === "steer") return this.ask(content, { language: command.language });
    return this.#put({ ...command, clientMessageId: newId() });
  }

  /** Forget a text that was refused. */
  dismiss(clientMessageId: string): void {
    this.change({ pending: this.#others(clientMessageId) });
  }

  /** Stop a turn, by default the one that runs. Rejects with `GroundwireError`. */
  cancel(which: Pick<Cancel, "turnId" | "clientMessageId"> = {}): Promise<Ack> {
    const turnId = which.clientMessageId ? undefined : this.view.turn?.turnId;
    return this.#command({ type: "cancel", sessionId: this.id, turnId, ...which });
  }

  /** Allow a tool's call, with another input if it is given. Rejects with `GroundwireError`. */
  approve(approvalId: string, editedInput?: Json): Promise<Ack> {
    const decided = { approvalId, approved: true, editedInput };
    return this.#command({ type: "tool_approval", sessionId: this.id, ...decided });
  }

  /** Deny a tool's call; the model is told so. Rejects with `GroundwireError`. */
  deny(approvalId: string, reason?: string): Promise<Ack> {
    const decided = { approvalId, approved: false, reason };
    return this.#command({ type: "tool_approval", sessionId: this.id, ...decided });
  }

  /** Read a page of events as they are in the log. Rejects with `GroundwireError`. */
  history(page: Omit<History, "type" | "sessionId"> = {}): Promise<HistoryPage> {
    return this.#command({ type: "history", sessionId: this.id, ...page });
  }

  /** Load older messages, if there are any. Rejects with `GroundwireError`. */
  older(limit = 50): Promise<void> {
    this.#older ??= this.#loadOlder(limit).finally(() => {
      this.#older = undefined;
    });
    return this.#older;
  }

  /**
   * Go on from the state and `cursor()` of another time, as an application that kept them; what has
   * happened since is all that is sent. A cursor that is not served costs nothing: all is sent.
   */
  restore(state: Conversation, cursor: string): void {
    const place = parseCursor(cursor);
    if (!place) return;
    const kept = { ...state, others: [] };
    this.#begin(kept, place.epoch, place.seq);
    this.mend();
  }

  /** Tell the other devices whether somebody is here; who attaches is, unless this says no. */
  presence(state: "online" | "away"): void {
    this.#isAway = state === "away";
    this.connection.mention({ type: "presence", sessionId: this.id, state });
  }

  /** Tell the other devices that somebody writes; call it at every key. */
  typing(): void {
    const now = Date.now();
    if (now - this.#typedAt < TYPING_MS) return;
    this.#typedAt = now;
    this.connection.mention({ type: "typing", sessionId: this.id });
  }

  /** Tell the other devices that everything up to now was seen. */
  read(): void {
    this.connection.mention({ type: "read", sessionId: this.id, seq: this.seq });
  }

  override close(): void {
    super.close();
    this.#devices.clear();
    this.#fail(new Closed());
  }

  override receive(frame: Frame): void {
    if (frame.type === "snapshot") this.#onSnapshot(frame as unknown as Snapshot);
    else if (!this.#devices.receive(frame)) super.receive(frame);
  }

  override refuse(error: GroundwireError): void {
    this.change({ refusal: error, current: false });
  }

  override interrupt(error?: GroundwireError): void {
    super.interrupt();
    this.#devices.clear();
    if (this.view.current) this.change({ current: false });
    if (error) this.#fail(error);
  }

  #asks(options: Repeatable): { sessionId: string; clientMessageId: string } {
    return { ...options, sessionId: this.id, clientMessageId: options.clientMessageId ?? newId() };
  }

  async #put(command: ChatMessage | Edit | Steer): Promise<Answer> {
    const { clientMessageId, content } = command;
    const answer = new Answer(this, command);
    this.#setPending({ clientMessageId, content, command, error: null });
    try {
      const frame = await this.connection.command(command);
      if (frame.type === "steer.failed") throw new SteerFailed(frame["reason"]);
      answer.accept(frame);
      // What is only in the log of a correction's turn, and not yet in this view, stays pending.
      return this.#keep(answer);
    } catch (error) {
      const known = error instanceof GroundwireError ? error : new Closed();
      this.#setPending({ clientMessageId, content, command, error: known });
      answer.fail(known);
      return answer;
    }
  }

  #command<Result>(command: Parameters<Connection["command"]>[0]): Promise<Result> {
    return this.connection.command(command) as Promise<unknown> as Promise<Result>;
  }

  #keep(answer: Answer): Answer {
    if (!answer.look(this.view)) this.#answers.add(answer);
    return answer;
  }

  #fail(error: GroundwireError): void {
    for (const answer of this.#answers) answer.fail(error);
    this.#answers.clear();
  }

  async #loadOlder(limit: number): Promise<void> {
    if (!this.view.hasMore) return;
    const before = this.#before;
    const page = await this.#readOlder(before, limit);
    // Meanwhile the conversation may have begun anew.
    if (this.#before !== before) return;
    this.#before = page.messages[0]?.messageId ?? before;
    this.change(this.#proved(withOlder(this.view, before, page)));
  }

  protected override onReady(ready: Ready): void {
    if (this.#isAway) this.presence("away");
    if (ready.resumed) {
      this.epoch = ready.epoch;
      this.change({ current: true, loaded: true, refusal: null });
      return;
    }
    this.epoch = undefined;
    // Of an empty log there is nothing to fold, so whatever comes next is its beginning.
    if (ready.head === 0) this.#begin(emptyConversation(this.id), ready.epoch, 0);
  }

  #onSnapshot(snapshot: Snapshot): void {
    const cursor = parseCursor(snapshot.cursor);
    this.#before = snapshot.messages.slice(-NEWEST)[0]?.messageId ?? "";
    if (cursor) this.#begin(fromSnapshot(snapshot), cursor.epoch, cursor.seq);
  }

  #begin(state: Conversation, epoch: string, seq: number): void {
    this.epoch = epoch;
    this.seq = seq;
    const pending = stillPending(this.view.pending, state);
    const shown = { current: true, loaded: true, refusal: null };
    this.change({ ...this.#proved(state), ...shown, pending });
    // In another lifetime of the log positions say nothing of what was accepted in this one.
    const upto = epoch === (this.#lifetime ?? epoch) ? seq : Number.POSITIVE_INFINITY;
    this.#lifetime = epoch;
    for (const answer of this.#answers) {
      if (answer.isLost(this.view, upto)) this.#giveBack(answer);
    }
  }

  protected override onEvent(event: Frame): void {
    const state = fold(this.view, event);
    if (state === this.view) return;
    const pending = stillPending(this.view.pending, state);
    this.change({ ...(event.type === "done" ? this.#proved(state) : state), pending });
  }

  protected override mend(): void {
    super.mend();
    this.change({ current: false });
  }

  protected override onChange(): void {
    for (const answer of this.#answers) {
      if (answer.look(this.view)) this.#answers.delete(answer);
    }
  }

  /** There will be no answer; a correction's text goes back to who wrote it. */
  #giveBack(answer: Answer): void {
    const { command } = answer;
    const error = notHere();
    this.#answers.delete(answer);
    answer.fail(error);
    if (command?.type !== "steer") return;
    const { clientMessageId, content } = command;
    this.#setPending({ clientMessageId, content, command, error });
  }

  /**
   * `state` with what its answers' hashes prove.
   *
   * A text that is not the server's is thrown away once, for a snapshot; if that does not mend it,
   * `verified` says so.
   */
  #proved(state: Conversation): Partial<ConversationView> {
    const verified = new Map<string, boolean>();
    for (const { messageId, content, contentHash } of state.messages) {
      if (contentHash === null) continue;
      const known = this.view.verified.get(messageId);
      const same = known ?? verify(content, contentHash);
      if (same || this.#doubted.has(messageId)) verified.set(messageId, same);
      else {
        this.#doubted.add(messageId);
        queueMicrotask(() => {
          this.epoch = undefined;
          this.mend();
        });
      }
    }
    return { ...state, verified };
  }

  /** What the log has under its id, be it sent once more, is not pending. */
  #setPending(pending: Pending): void {
    const all = [...this.#others(pending.clientMessageId), pending];
    this.change({ pending: stillPending(all, this.view) });
  }

  #others(clientMessageId: string): readonly Pending[] {
    return this.view.pending.filter((one) => one.clientMessageId !== clientMessageId);
  }
}

function notHere(): GroundwireError {
  const message = "The answer was not loaded.";
  return new GroundwireError({ code: "not_found", message, retryable: false });
}
