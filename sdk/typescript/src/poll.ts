/** A log page by page, each request waiting for news: works wherever HTTP does. */

import { SILENCE_MS, within } from "./channel.ts";
import { GroundwireError } from "./errors.ts";
import type { Follow } from "./over_http.ts";
import { parseCursor } from "./state.ts";
import type { Frame, Snapshot } from "./wire.ts";

interface Page {
  readonly events: readonly Frame[];
  readonly cursor: string;
  readonly head: number;
  readonly hasMore: boolean;
  readonly snapshot?: Snapshot;
}

const WAIT_S = 25;
/** A wait that ends sooner than this with nothing was no wait: something between us hurries. */
const HURRY_MS = 1_000;

export const followPolls: Follow = async ({ http, path, attachment, signal, deliver }) => {
  let cursor = attachment.cursor();
  let reason: unknown = null;
  // What there is comes at once, so that the reader knows where it stands.
  let wait = 0;
  while (!signal.aborted) {
    const asked = Date.now();
    const from = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const request = http.call<Page>("GET", `${path}/poll?wait=${wait}${from}`, undefined, signal);
    try {
      const page = await within(SILENCE_MS, request);
      http.observe(page);
      if (wait === 0) deliver(readyOf(page, cursor !== undefined, reason));
      if (page.snapshot) deliver({ ...page.snapshot, type: "snapshot" } as unknown as Frame);
      for (const event of page.events) deliver(event);
      cursor = page.cursor;
      const isIdle = wait > 0 && page.events.length === 0 && Date.now() - asked < HURRY_MS;
      if (isIdle) await new Promise((resolve) => setTimeout(resolve, HURRY_MS));
      wait = WAIT_S;
    } catch (error) {
      if (!(error instanceof GroundwireError) || error.code !== "unrecoverable_cursor") throw error;
      http.observe(error.detail);
      reason = error.detail["reason"];
      cursor = undefined;
      wait = 0;
    }
  }
};

/** What a socket says of an attachment, of the first page. */
function readyOf({ cursor, head }: Page, resumed: boolean, reason: unknown): Frame {
  const epoch = parseCursor(cursor)?.epoch ?? "";
  return { type: "ready", epoch, head, resumed, reason };
}
