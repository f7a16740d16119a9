/** One answer, from its question to its end, however many reconnects that takes. */

import type { AskOptions, ConversationView, LiveConversation } from "./conversation.ts";
import { Closed, GroundwireError, SteerFailed } from "./errors.ts";
import { returnedIn } from "./pending.ts";
import type { Message } from "./state.ts";
import type { Ack, Command, Frame } from "./wire.ts";

/** More of a text: what is shown, up to `at` (UTF-16 units), and then `text`. */
export interface Piece {
  readonly at: number;
  readonly text: string;
}

/**
 * The answer to a question, a correction or another try.
 *
 * It is made of what the conversation folded, so that it loses nothing and repeats nothing. Not to
 * listen any more does not end it; only `cancel` does.
 */
export class Answer implements AsyncIterable<string> {
  /** What asked for it; `null` if somebody else did. */
  readonly command: Command | null;
  #conversation: LiveConversation;
  #turnId: string | null;
  #messageSeq: number | null = null;
  #message: Message | null = null;
  #error: GroundwireError | null = null;
  #ended = false;
  #waiting: (() => void)[] = [];
  #done: Promise<Message> | undefined;

  /** @internal */
  constructor(conversation: LiveConversation, asked: Command | string) {
    this.#conversation = conversation;
    this.command = typeof asked === "string" ? null : asked;
    this.#turnId = typeof asked === "string" ? asked : null;
  }

  get clientMessageId(): string | null {
    const { command } = this;
    return command && "clientMessageId" in command ? (command.clientMessageId ?? null) : null;
  }

  /** `null` until the server has accepted what was asked. */
  get turnId(): string | null {
    return this.#turnId;
  }

  /** The answer as far as it has come; `null` until it is begun. */
  get message(): Message | null {
    return this.#message;
  }

  /** The text as far as it has come. */
  get text(): string {
    return this.#message?.content ?? "";
  }

  /**
   * The whole answer, compared with its hash, with its `finishReason`.
   *
   * Rejects with `GroundwireError` if the question was refused, the turn failed, or the
   * connection was closed for good.
   */
  get done(): Promise<Message> {
    this.#done ??= (async () => {
      while (!this.#ended) await this.#change();
      return this.#outcome();
    })();
    return this.#done;
  }

  /** End it; what it has said is kept. */
  cancel(): Promise<Ack> {
    return this.#conversation.cancel(
      this.#turnId === null
        ? { clientMessageId: this.clientMessageId ?? undefined }
        : { turnId: this.#turnId },
    );
  }

  /** Correct it while it runs: it ends soon, and the answer that is returned goes on. */
  steer(content: string, options: Pick<AskOptions, "language"> = {}): Promise<Answer> {
    return this.#conversation.steer(content, { ...options, turnId: this.#turnId ?? undefined });
  }

  /**
   * The text in pieces, as it comes. Throws as `done` does.
   *
   * When a new attempt withdraws text (`answer.reset`) what differs comes again: for a text that is
   * shown use `pieces`, which says where, or `text`.
   */
  [Symbol.asyncIterator](): AsyncIterator<string> {
    const pieces = this.pieces();
    const next = async (): Promise<IteratorResult<string>> => {
      for (;;) {
        const { value, done } = await pieces.next();
        if (done) return { value: undefined, done };
        if (value.text !== "") return { value: value.text, done: false };
      }
    };
    return { next };
  }

  /** The text in pieces that say where they go: `shown = shown.slice(0, at) + text`. */
  pieces(): AsyncIterableIterator<Piece> {
    let shown = "";
    const next = async (): Promise<IteratorResult<Piece>> => {
      for (;;) {
        const piece = pieceFrom(shown, this.text);
        if (piece) {
          shown = this.text;
          return { value: piece, done: false };
        }
        if (this.#ended) {
          this.#outcome();
          return { value: undefined, done: true };
        }
        await this.#change();
      }
    };
    return {
      next,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** @internal The server has it. */
  accept(ack: Frame): void {
    const { turnId, messageSeq } = ack as unknown as Ack;
    this.#turnId = turnId ?? null;
    this.#messageSeq = messageSeq ?? null;
  }

  /** @internal Look how far it has come; `true` once there is nothing to wait for. */
  look(view: ConversationView): boolean {
    const { clientMessageId } = this;
    const pending = view.pending.find((one) => one.clientMessageId === clientMessageId);
    const failure = pending?.error ?? view.refusal;
    if (failure) return this.fail(failure);
    if (clientMessageId !== null) {
      const returned = returnedIn(view).find((one) => one.clientMessageId === clientMessageId);
      if (returned) return this.fail(new SteerFailed(returned.reason));
      const question = view.messages.find((one) => one.clientMessageId === clientMessageId);
      this.#turnId = question?.turnId ?? this.#turnId;
    }
    const answer = view.messages.find(
      (one) => one.turnId === this.#turnId && one.role === "assistant",
    );
    if (!answer) return false;
    this.#message = answer;
    const isDone = answer.finishReason !== null;
    if (isDone && (answer.contentHash === null || view.verified.has(answer.messageId))) {
      if (answer.error) this.#error = new GroundwireError(answer.error);
      this.#ended = true;
    }
    this.#wake();
    return this.#ended;
  }

  /** @internal Whether a state that is current up to `seq` should tell of it, and does not. */
  isLost({ turns, messages }: ConversationView, seq: number): boolean {
    if (this.#turnId === null || seq < (this.#messageSeq ?? 0)) return false;
    const { clientMessageId } = this;
    const isSteer = turns.some((turn) =>
      turn.steers.some((one) => one.clientMessageId === clientMessageId),
    );
    return !isSteer && ![...turns, ...messages].some((one) => one.turnId === this.#turnId);
  }

  /** @internal */
  fail(error: GroundwireError): true {
    this.#error = error;
    this.#ended = true;
    this.#wake();
    return true;
  }

  #outcome(): Message {
    if (this.#error) throw this.#error;
    if (!this.#message) throw new Closed();
    return this.#message;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** What makes `shown` into `text`; `null` if it is that already. */
function pieceFrom(shown: string, text: string): Piece | null {
  if (text === shown) return null;
  let at = shown.length;
  if (!text.startsWith(shown)) {
    at = 0;
    while (at < text.length && text[at] === shown[at]) at += 1;
    // No character is cut in two.
    if (/[\ud800-\udbff]/.test(shown[at - 1] ?? "")) at -= 1;
  }
  return { at, text: text.slice(at) };
}
