/** What is said of feeds, in the reader's language. Pure. */

import type { GroundwireError } from "@groundwire/client";
import type { Counts, FeedInfo, FeedKind } from "@groundwire/client/knowledge";
import { byCode, whatFailed } from "../i18n/by_code.ts";
import type { Texts } from "../i18n/en.ts";

/** How often a place may be looked at, in seconds: 0 is by hand, `null` as the server thinks right. */
export const INTERVALS: Readonly<Record<FeedKind, readonly (number | null)[]>> = {
  page: [86_400, 3_600, 604_800, 0],
  site: [86_400, 604_800, 0],
  repository: [86_400, 3_600, 604_800, 0],
  folder: [null, 3_600, 86_400, 0],
};

/** Why a place, or a thing in it, cannot be read: by its code, else in the server's words. */
export function whyNot(texts: Texts, code: string | null, reason: string | null): string {
  return byCode(texts.feedReasons, code, reason) || texts.failed;
}

/** Why a feed was not added or changed. */
export function whyRefused(texts: Texts, error: GroundwireError): string {
  const { field } = error.detail as { field?: unknown };
  const what = error.code === "invalid_field" ? String(field) : error.code;
  return byCode(texts.feedRefusals, what, null) || whatFailed(texts, error);
}

/** What a sync found: `12 new · 1 changed`. */
export function countsLine(texts: Texts, counts: Counts): string {
  const { added, changed, removed, unchanged } = counts;
  const parts = [
    added ? texts.feedAdded(added) : "",
    changed ? texts.feedChanged(changed) : "",
    removed ? texts.feedGone(removed) : "",
    unchanged ? texts.feedSame(unchanged) : "",
  ];
  return parts.filter(Boolean).join(" · ") || texts.feedEmpty;
}

export function intervalLine(texts: Texts, intervalS: number | null, kind: FeedKind): string {
  if (!intervalS) return texts.feedByHand;
  if (kind === "folder" && intervalS < 60) return texts.feedWatched;
  const days = intervalS / 86_400;
  if (days >= 1) return texts.feedEveryDays(Math.round(days));
  return intervalS >= 3_600
    ? texts.feedEveryHours(Math.round(intervalS / 3_600))
    : texts.feedEveryMinutes(Math.max(1, Math.round(intervalS / 60)));
}

/** A moment as a reader says it: the time today, else with its day. */
export function moment(at: string, tag: string, now = new Date()): string {
  const date = new Date(at);
  const isToday = date.toDateString() === now.toDateString();
  return date.toLocaleString(tag, {
    ...(isToday ? {} : { dateStyle: "medium" }),
    timeStyle: "short",
  });
}

/** What a feed is called: without what every address begins with. */
export function feedName(feed: FeedInfo): string {
  return feed.address.replace(/^https?:\/\//, "").replace(/\/$/, "");
}

/** What a thing in a place is called: without the host, if that is the place's own. */
export function thingName(feed: FeedInfo, uri: string): string {
  const host = /^https?:\/\/[^/]+/.exec(feed.address)?.[0];
  return host !== undefined && uri.startsWith(`${host}/`) ? uri.slice(host.length) : uri;
}
