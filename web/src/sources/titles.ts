import type { Source } from "@groundwire/client";

/** How many documents the sources come from. */
export function documentCount(sources: readonly Source[]): number {
  return new Set(sources.map((source) => source.documentId)).size;
}

/** The numbers that a text cites, so that what was used can be told from what was only found. */
export function citedNumbers(text: string, sources: readonly Source[]): ReadonlySet<number> {
  const cited = new Set<number>();
  for (const match of text.matchAll(/\[([\d\s,，、]{1,24})\]/g)) {
    for (const n of (match[1] ?? "").split(/[,，、]/)) cited.add(Number(n));
  }
  return new Set(sources.map((source) => source.n).filter((n) => cited.has(n)));
}
