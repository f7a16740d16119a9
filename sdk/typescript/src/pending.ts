/** What was sent to a conversation and is not in its log yet. Pure. */

import type { GroundwireError } from "./errors.ts";
import type { Conversation } from "./state.ts";
import type { ChatMessage, Edit, Steer } from "./wire.ts";

/**
 * A text that was sent and that the log does not hold yet.
 *
 * `error` says that the server refused it, or gave it back: a correction that came too late.
 */
export interface Pending {
  readonly clientMessageId: string;
  readonly content: string;
  readonly command: ChatMessage | Edit | Steer;
  readonly error: GroundwireError | null;
}

/** Whether the log has what was sent under this id: as a question or a correction. */
export function isIn({ messages, turns }: Conversation, clientMessageId: string): boolean {
  const accepted = [...messages, ...turns.flatMap((turn) => turn.steers)];
  return accepted.some((one) => one.clientMessageId === clientMessageId);
}

export function stillPending(pending: readonly Pending[], state: Conversation): readonly Pending[] {
  return pending.filter((one) => !isIn(state, one.clientMessageId));
}
