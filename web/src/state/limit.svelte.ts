/** What the next question of a conversation is limited to, until that is taken off. */

import type { Filter } from "@groundwire/client";
import { dayOf, startOf } from "./days.ts";
import { recall, remember } from "./memory.ts";

export type Criterion = "collections" | "tags" | "types";
export const CRITERIA: readonly Criterion[] = ["collections", "tags", "types"];

export class Limit {
  readonly #key: string;
  #filter = $state.raw<Filter>({});

  /** `key` is that of the conversation, or of the workspace before there is one. */
  constructor(key: string) {
    this.#key = key;
    this.#filter = read(key);
  }

  /** `undefined` if it limits nothing. */
  get filter(): Filter | undefined {
    return Object.keys(this.#filter).length > 0 ? this.#filter : undefined;
  }

  of(criterion: Criterion): readonly string[] {
    return this.#filter[criterion] ?? [];
  }

  toggle(criterion: Criterion, value: string): void {
    const chosen = this.of(criterion);
    const others = chosen.filter((one) => one !== value);
    const values = others.length < chosen.length ? others : [...chosen, value];
    this.#set({ ...this.#filter, [criterion]: values.length > 0 ? values : undefined });
  }

  /** The first and the last day that count, as `YYYY-MM-DD` where the reader is, or nothing. */
  get days(): { readonly first: string; readonly last: string } {
    const { since, until } = this.#filter;
    return { first: since ? dayOf(since, 0) : "", last: until ? dayOf(until, -1) : "" };
  }

  setDays(first: string, last: string): void {
    const since = first ? startOf(first, 0) : undefined;
    this.#set({ ...this.#filter, since, until: last ? startOf(last, 1) : undefined });
  }

  clear(): void {
    this.#set({});
  }

  #set(filter: { [criterion in keyof Filter]: Filter[criterion] | undefined }): void {
    this.#filter = JSON.parse(JSON.stringify(filter));
    remember(`filter/${this.#key}`, this.filter ? JSON.stringify(this.#filter) : null);
  }
}

/** The conversation that began in the workspace goes on as it began. */
export function handOver(workspaceId: string, conversationId: string): void {
  remember(`filter/${conversationId}`, recall(`filter/${workspaceId}`));
  remember(`filter/${workspaceId}`, null);
}

function read(key: string): Filter {
  try {
    return JSON.parse(recall(`filter/${key}`) ?? "{}");
  } catch {
    return {};
  }
}
