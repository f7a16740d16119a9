/** Which path through a conversation's tree of messages is on the screen. Pure. */

import type { Message } from "./state.ts";

/** A message on the path, and its alternatives: answers (or edits) with the same parent. */
export interface Step {
  readonly message: Message;
  readonly siblings: readonly string[];
}

/** For each parent (`""` for the beginning), the child that the reader chose. */
export type Choices = ReadonlyMap<string, string>;

/**
 * The path from the beginning: at each fork the reader's choice, else the newest branch.
 *
 * A message whose parent is unknown continues the one before it, so that a log without
 * `parentId` reads as a plain list.
 */
export function pathThrough(messages: readonly Message[], choices: Choices): Step[] {
  const children = childrenByParent(messages);
  const path: Step[] = [];
  const seen = new Set<string>();
  let parent = "";
  for (;;) {
    const siblings = children.get(parent) ?? [];
    const chosen = choices.get(parent);
    const message = siblings.find((child) => child.messageId === chosen) ?? siblings.at(-1);
    if (!message || seen.has(message.messageId)) return path;
    seen.add(message.messageId);
    path.push({ message, siblings: siblings.map((child) => child.messageId) });
    parent = message.messageId;
  }
}

function childrenByParent(messages: readonly Message[]): Map<string, Message[]> {
  const known = new Set(messages.map((message) => message.messageId));
  const children = new Map<string, Message[]>();
  let before = "";
  for (const message of messages) {
    const parent = message.parentId && known.has(message.parentId) ? message.parentId : before;
    const siblings = children.get(parent) ?? [];
    siblings.push(message);
    children.set(parent, siblings);
    before = message.messageId;
  }
  return children;
}
