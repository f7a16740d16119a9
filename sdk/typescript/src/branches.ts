/** Which path through a conversation's tree of messages is on the screen. Pure. */

import type { Message } from "./state.ts";

/** A message on the path, what it follows (`""` if it is the first), and what else follows that. */
export interface Step {
  readonly message: Message;
  readonly parent: string;
  readonly siblings: readonly string[];
}

/** Which of the messages that follow one (`""`: of the first messages) the reader chose. */
export type Choices = ReadonlyMap<string, string>;

/**
 * The path from the beginning: at each fork the reader's choice, else to the newest message.
 *
 * Of a conversation whose older messages are not loaded it begins with the first that is.
 */
export function pathThrough(messages: readonly Message[], choices: Choices): Step[] {
  const tree = treeOf(messages);
  const path: Step[] = [];
  let parent = tree.root;
  while (path.length < messages.length) {
    const siblings = tree.children.get(parent) ?? [];
    const chosen = choices.get(parent);
    const message =
      siblings.find((one) => one.messageId === chosen) ??
      siblings.reduce<Message | undefined>(
        (best, one) => (best && tree.reach(best) > tree.reach(one) ? best : one),
        undefined,
      );
    if (!message) break;
    path.push({ message, parent, siblings: siblings.map((one) => one.messageId) });
    parent = message.messageId;
  }
  return path;
}

interface Tree {
  /** What the path to the newest message begins after. */
  readonly root: string;
  readonly parents: ReadonlyMap<string, string>;
  readonly children: ReadonlyMap<string, readonly Message[]>;
  /** The place of the newest message that `message` leads to. */
  readonly reach: (message: Message) => number;
}

function treeOf(messages: readonly Message[]): Tree {
  const parents = new Map<string, string>();
  const children = new Map<string, Message[]>();
  let before = "";
  for (const message of messages) {
    const { messageId, parentId, forkOf } = message;
    // Another wording of the first question follows nothing, as that one does. Where a log
    // does not say what a message follows, it is the one before it.
    const parent = parentId ?? (forkOf === null ? before : (parents.get(forkOf) ?? ""));
    parents.set(messageId, parent);
    children.set(parent, [...(children.get(parent) ?? []), message]);
    before = messageId;
  }
  const reaches = new Map<string, number>();
  for (let at = messages.length - 1; at >= 0; at -= 1) {
    const id = messages[at]?.messageId ?? "";
    const reach = Math.max(at, reaches.get(id) ?? 0);
    reaches.set(id, reach);
    const parent = parents.get(id) ?? "";
    reaches.set(parent, Math.max(reach, reaches.get(parent) ?? 0));
  }
  let root = before;
  for (let left = messages.length; left > 0 && parents.has(root); left -= 1) {
    root = parents.get(root) ?? "";
  }
  return { root, parents, children, reach: ({ messageId }) => reaches.get(messageId) ?? 0 };
}
