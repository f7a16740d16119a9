/** What a question is limited to, in words. */

import type { Filter } from "@groundwire/client";
import { i18n } from "../i18n/index.svelte.ts";
import { sorting } from "../state/sorting.svelte.ts";

/** Every value of a filter, as a reader knows it. */
export function namesOf(filter: Filter): string[] {
  const { documents = [], collections = [], tags = [], types = [], since, until } = filter;
  return [
    ...(documents.length > 0 ? [i18n.texts.documentCount(documents.length)] : []),
    ...collections.map((id) => sorting.nameOf(id)),
    ...tags.map((tag) => `#${tag}`),
    ...types.map(typeName),
    ...(since ? [i18n.texts.datedFrom(day(since, 0))] : []),
    ...(until ? [i18n.texts.datedTo(day(until, -1))] : []),
  ];
}

export function typeName(type: string): string {
  const names: Readonly<Record<string, string>> = i18n.texts.documentTypes;
  return names[type] ?? type.toUpperCase();
}

/** `until` is the end of a day, which the next one begins. */
function day(time: string, ms: number): string {
  return new Date(Date.parse(time) + ms).toLocaleDateString(i18n.tag, { dateStyle: "medium" });
}
