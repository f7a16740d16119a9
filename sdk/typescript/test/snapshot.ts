/** The snapshot that a server sends of a state: what has its default is left out. */

import {
  type Conversation,
  type Message,
  openApprovals,
  type Snapshot,
  type SnapshotMessage,
  type SnapshotTurn,
  type Steering,
  type ToolUse,
  type Turn,
} from "../src/index.ts";

export function snapshotOf(state: Conversation, cursor: string): Snapshot {
  const turns = state.turns.map((turn) => turnOf(turn, state));
  return {
    sessionId: state.sessionId,
    cursor,
    messages: state.messages.map(messageOf),
    turn: turns[0] ?? null,
    turns,
    approvals: openApprovals(state.messages),
  };
}

export function messageOf(message: Message): SnapshotMessage {
  const { streaming, error, citations, tools, returned, usage, ...rest } = message;
  const told: Record<string, unknown> = { ...said(rest), content: message.content };
  told["status"] = streaming ? "streaming" : "complete";
  if (citations.length > 0) told["citations"] = citationsOf(message);
  if (tools.length > 0) told["tools"] = tools.map(toolOf);
  if (returned.length > 0) told["returned"] = returned.map(said);
  if (error) told["error"] = said(error);
  if (usage) told["usage"] = usage;
  return told as unknown as SnapshotMessage;
}

/** A server's citations are the events that made them. */
function citationsOf({ turnId, messageId, citations }: Message): object[] {
  return citations.map((one) => ({ type: "citation", turnId, messageId, ...one }));
}

function toolOf({ status, step, ...rest }: ToolUse): object {
  const { input, offset } = rest;
  const told: Record<string, unknown> = { ...said(rest), input, offset };
  if (status !== "called") told["status"] = status;
  if (step !== 1) told["step"] = step;
  return told;
}

function turnOf(turn: Turn, state: Conversation): SnapshotTurn {
  const answer = state.messages.find((message) => message.messageId === turn.messageId);
  const steers = turn.steers.map((steering) => said(steering) as unknown as Steering);
  return { ...turn, content: answer?.content ?? "", steers };
}

/** The fields that say something. */
function said(from: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => !isNothing(value)));
}

function isNothing(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === null || value === "" || value === 0;
}
