/** Documents that came together, as one line says it. Pure. */

import type { DocumentInfo } from "@groundwire/client/knowledge";

export interface Batch {
  readonly id: string;
  readonly total: number;
  readonly ready: number;
  readonly failed: number;
  /** Whether all that is left of it is paused. */
  readonly paused: boolean;
}

/** Those of several documents of which not all are ready, in the order of `documents`. */
export function openBatches(documents: readonly DocumentInfo[]): readonly Batch[] {
  const members = new Map<string, DocumentInfo[]>();
  for (const document of documents) {
    if (document.batchId === null) continue;
    const known = members.get(document.batchId);
    if (known) known.push(document);
    else members.set(document.batchId, [document]);
  }
  return [...members]
    .map(([id, all]) => batch(id, all))
    .filter((one) => one.total > 1 && one.ready < one.total);
}

function batch(id: string, all: readonly DocumentInfo[]): Batch {
  const ready = all.filter((one) => one.status === "ready").length;
  const failed = all.filter((one) => one.status === "failed").length;
  const left = all.filter((one) => one.status !== "ready" && one.status !== "failed");
  const paused = left.length > 0 && left.every((one) => one.paused);
  return { id, total: all.length, ready, failed, paused };
}
