/** What of the open conversation is on the screen, and what a reader does to it. */

import {
  type ConversationView,
  type Filter,
  type Message,
  type Pending,
  pathThrough,
  type Step,
} from "@groundwire/client";
import { desk } from "../state/desk.svelte.ts";

export class Reading {
  #choices = $state.raw<ReadonlyMap<string, string>>(new Map());
  readonly #whole = $derived(pathThrough(this.view?.messages ?? [], this.#choices));

  get view(): ConversationView | null {
    return desk.conversation;
  }

  /** The branch that is shown. While a question is being put in other words, up to there. */
  get path(): readonly Step[] {
    const edited = this.view?.pending.find(
      ({ command, error }) => command.type === "edit" && !error,
    );
    if (edited?.command.type !== "edit") return this.#whole;
    const { messageId } = edited.command;
    const at = this.#whole.findIndex(({ message }) => message.messageId === messageId);
    return at < 0 ? this.#whole : this.#whole.slice(0, at);
  }

  get last(): Message | undefined {
    return this.path.at(-1)?.message;
  }

  /** Whether the last question is in the log and its answer is not begun. */
  get waits(): boolean {
    const last = this.last;
    return (
      last?.role === "user" &&
      (this.view?.turns.some((turn) => turn.turnId === last.turnId) ?? false)
    );
  }

  /** Whether the answer that is being written is on the screen, where it can be corrected. */
  get steerable(): boolean {
    const turn = this.view?.turn;
    return turn != null && this.path.some(({ message }) => message.messageId === turn.messageId);
  }

  /** Texts that will correct the answer: those that the log has, then those on their way. */
  get corrections(): readonly { readonly key: string; readonly content: string }[] {
    const accepted = this.steerable ? (this.view?.turn?.steers ?? []) : [];
    return [
      ...accepted.map(({ messageId, content }) => ({ key: messageId, content })),
      ...this.#pending(true).map(({ clientMessageId, content }) => ({
        key: clientMessageId,
        content,
      })),
    ];
  }

  /** Questions on their way, and what was refused. */
  get unsent(): readonly Pending[] {
    return this.#pending(false);
  }

  /** Another conversation has other branches. */
  begin(): void {
    this.#choices = new Map();
  }

  choose({ parent }: Step, sibling: string): void {
    this.#choices = new Map(this.#choices).set(parent, sibling);
  }

  /** Ask what follows what is on the screen. */
  ask(content: string, model: string | undefined, filter: Filter | undefined): void {
    // What follows a question that is not answered yet follows its answer: the newest there is.
    const isClear = this.last?.role === "assistant" && this.view?.pending.length === 0;
    void desk.ask(content, model, isClear ? this.last?.messageId : undefined, filter);
  }

  correct(content: string): void {
    void desk.live?.steer(content, { turnId: this.view?.turn?.turnId });
  }

  /** Ask a question in other words. What is being written for it as it was ends. */
  edit(step: Step, content: string): void {
    const { live } = desk;
    this.#forget(step.parent);
    void desk.attempt(async () => {
      if (this.steerable) await live?.cancel();
      await live?.edit(step.message.messageId, content);
    });
  }

  again(messageId: string): void {
    const step = this.#whole.find(({ message }) => message.messageId === messageId);
    if (step) this.#forget(step.parent);
    void desk.attempt(async () => await desk.live?.regenerate(messageId));
  }

  stop(): void {
    void desk.attempt(async () => await desk.live?.cancel());
  }

  retry({ clientMessageId }: Pending): void {
    void desk.live?.retry(clientMessageId);
  }

  dismiss({ clientMessageId }: Pending): void {
    desk.live?.dismiss(clientMessageId);
  }

  #pending(corrections: boolean): Pending[] {
    const pending = this.view?.pending ?? [];
    return pending.filter((one) => (one.command.type === "steer" && !one.error) === corrections);
  }

  /** What is asked anew after `parent` is shown, whatever was chosen there. */
  #forget(parent: string): void {
    const choices = new Map(this.#choices);
    choices.delete(parent);
    this.#choices = choices;
  }
}
