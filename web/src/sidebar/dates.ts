import type { ConversationInfo } from "@groundwire/client";

export type Period = "today" | "yesterday" | "thisWeek" | "earlier";

const DAY_MS = 86_400_000;

/** Conversations by how long ago they changed, newest first, as days go in the reader's zone. */
export function byPeriod(
  conversations: readonly ConversationInfo[],
  now: Date,
): [Period, ConversationInfo[]][] {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const groups = new Map<Period, ConversationInfo[]>();
  for (const conversation of conversations) {
    const at = Date.parse(conversation.updatedAt ?? "") || now.getTime();
    const period =
      at >= midnight
        ? "today"
        : at >= midnight - DAY_MS
          ? "yesterday"
          : at >= midnight - 7 * DAY_MS
            ? "thisWeek"
            : "earlier";
    groups.set(period, [...(groups.get(period) ?? []), conversation]);
  }
  return [...groups];
}
