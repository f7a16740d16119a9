import type { Citation, Source } from "@groundwire/client";

/** What the text of an answer may cite, and what happens when a reader follows a citation. */
export interface Citing {
  readonly sources: readonly Source[];
  readonly citations: readonly Citation[];
  readonly open: (n: number) => void;
}

export const CITING = Symbol("citing");
