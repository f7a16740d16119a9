/** Another embedder that takes over a workspace's passages. Pure. */

import type { EmbedderChanged, EmbedderChanging } from "./events.ts";

/** It has embedded `done` of `total` passages; what was embedded before is searched until then. */
export interface Changeover {
  readonly embedder: string;
  readonly done: number;
  readonly total: number;
  /** What it waits for, if it does. */
  readonly reason: string | null;
}

/** What is coming after `event`; `null` once it is there. */
export function foldChangeover(event: EmbedderChanging | EmbedderChanged): Changeover | null {
  if (event.type === "embedder.changed") return null;
  const { embedder, done, total, reason = null } = event;
  return { embedder, done, total, reason };
}
