/** Places that documents come from, and what the events of a workspace's log do to them. Pure. */

import { filled } from "../state.ts";
import type { FeedChanged } from "./events.ts";

export type FeedKind = "page" | "site" | "repository" | "folder";

/** Why a place, or one thing in it, cannot be read. */
export type FeedReason =
  | "not_allowed"
  | "not_found"
  | "unreachable"
  | "refused"
  | "too_large"
  | "timed_out"
  | "broken"
  | "unknown_type"
  | "internal";

/** How much of a place is taken; what is left out, the server decides. */
export interface FeedOptions {
  /** How many links away from the address of a site. */
  readonly depth?: number;
  /** How many pages of a site in all. */
  readonly pages?: number;
  /** Of a repository; else the one that it names itself. */
  readonly branch?: string | null;
  /** Patterns of paths, as in `docs/*`: only these are taken, if there are any. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** One thing in a place that was not taken, and why. */
export interface Refusal {
  readonly uri: string;
  readonly code: FeedReason | (string & {});
  readonly reason: string;
}

/** What the last sync found, counted. */
export interface Counts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly refused: number;
}

export interface FeedInfo {
  readonly id: string;
  readonly kind: FeedKind;
  readonly address: string;
  readonly options: FeedOptions;
  readonly createdAt: string | null;
  /** How often it is looked at by itself; `null` is never. */
  readonly intervalS: number | null;
  readonly status: "idle" | "syncing" | "failed";
  /** Whether it is not looked at until it is resumed. */
  readonly paused: boolean;
  readonly syncedAt: string | null;
  readonly nextAt: string | null;
  /** What the documents of its last sync have in common. */
  readonly batchId: string | null;
  readonly counts: Counts;
  /** The first of what was not taken. */
  readonly refusals: readonly Refusal[];
  readonly reasonCode: string | null;
  readonly reason: string | null;
}

const NO_COUNTS: Counts = { added: 0, changed: 0, removed: 0, unchanged: 0, refused: 0 };

/** All that an event tells, as it is where the event leaves it out. */
const AT_REST: Omit<FeedInfo, "id" | "kind" | "address" | "options" | "createdAt"> = {
  intervalS: null,
  status: "idle",
  paused: false,
  syncedAt: null,
  nextAt: null,
  batchId: null,
  counts: NO_COUNTS,
  refusals: [],
  reasonCode: null,
  reason: null,
};

const NO_FEED: FeedInfo = {
  id: "",
  kind: "page",
  address: "",
  options: {},
  createdAt: null,
  ...AT_REST,
};

/** What is known of a feed, and of the rest that it is not so yet. */
export function feedInfo(known: Partial<FeedInfo> & { readonly id: string }): FeedInfo {
  return filled(NO_FEED, known);
}

/** Return the list after `event`; `null` if it is of a feed that has to be asked for. */
export function foldFeeds(
  feeds: readonly FeedInfo[],
  event: FeedChanged,
): readonly FeedInfo[] | null {
  if (event.change === "removed") return feeds.filter((feed) => feed.id !== event.feedId);
  // Its address and options are not told.
  const isKnown = feeds.some((feed) => feed.id === event.feedId);
  if (!isKnown || event.change === "changed") return null;
  const now = filled(AT_REST, event);
  return feeds.map((feed) => (feed.id === event.feedId ? { ...feed, ...now } : feed));
}
