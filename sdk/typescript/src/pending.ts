/** What was sent to a conversation and is not in its log yet. Pure. */

import type { GroundwireError } from "./errors.ts";
import type { Conversation, Steering } from "./state.ts";
import type { ChatMessage, Edit, Steer } from "./wire.ts";

/**
 * A text that was sent and that the log does not hold yet.
 *
 * `error` says that the server refused it: a correction that came too late, for one.
 */
export interface Pending {
  readonly clientMessageId: string;
  readonly content: string;
  readonly command: ChatMessage | Edit | Steer;
  readonly error: GroundwireError | null;
}

/** Whether the log has what was sent under this id: as a question or a correction. */
function isIn(state: Conversation, clientMessageId: string): boolean {
  const waiting = state.turns.flatMap((turn) => turn.steers);
  const accepted = [...state.messages, ...waiting, ...returnedIn(state)];
  return accepted.some((one) => one.clientMessageId === clientMessageId);
}

/** The corrections that the log has and that will not be applied. */
export function returnedIn({ messages }: Conversation): readonly Steering[] {
  return messages.flatMap((message) => message.returned);
}

export function stillPending(pending: readonly Pending[], state: Conversation): readonly Pending[] {
  return pending.filter((one) => !isIn(state, one.clientMessageId));
}
