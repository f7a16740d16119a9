/** Tags as a reader writes them, and documents as a reader looks for them. Pure. */

import type { DocumentInfo } from "@groundwire/client/knowledge";

/** The tags in a line: parted by commas, of English or Chinese, each once, in lower case. */
export function tagsIn(line: string): string[] {
  const tags = line.split(/[,，、;；]/).map((tag) => tag.trim().replace(/\s+/g, " ").toLowerCase());
  return [...new Set(tags.filter(Boolean))];
}

/** Whether every word of `query` is in the title, the tags, the type or the `collections` of it. */
export function isLookedFor(
  { title, tags, type }: Pick<DocumentInfo, "title" | "tags" | "type">,
  collections: readonly string[],
  query: string,
): boolean {
  const said = [title, ...tags, type, ...collections].join("\n").toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => said.includes(word));
}
