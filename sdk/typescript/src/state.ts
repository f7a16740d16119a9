/** What a conversation is at a moment. Pure: no clock, no network. */

import type {
  Approval,
  Citation,
  Failure,
  Filter,
  FinishReason,
  Frame,
  Json,
  MessagePage,
  Snapshot,
  SnapshotMessage,
  SnapshotSteer,
  SnapshotTool,
  SnapshotTurn,
  Source,
  Status,
  ToolStatus,
  Usage,
} from "./wire.ts";

/**
 * A call of a tool in an answer, as far as it has come.
 *
 * `offset` code points of the answer stood before it, `reasoningOffset` of the reasoning. Calls
 * of one `step`, from 1, were wished for together.
 * `waiting` is for a person, until `expiresAt`; `reason` is why it was denied or failed.
 */
export interface ToolUse {
  readonly toolCallId: string;
  readonly name: string;
  readonly input: Json;
  readonly offset: number;
  readonly reasoningOffset: number;
  readonly step: number;
  readonly status: ToolStatus;
  readonly approvalId: string | null;
  readonly msg: string | null;
  readonly expiresAt: string | null;
  readonly schema: Json;
  readonly author: string | null;
  readonly reason: string | null;
  readonly code: string | null;
  readonly output: string | null;
}

export interface Message {
  readonly messageId: string;
  readonly turnId: string;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly reasoning: string;
  /** Whether more text may come. */
  readonly streaming: boolean;
  readonly parentId: string | null;
  readonly forkOf: string | null;
  readonly author: string | null;
  readonly clientMessageId: string | null;
  readonly language: string | null;
  readonly attachments: readonly string[];
  readonly filter: Filter | null;
  readonly model: string | null;
  readonly why: string | null;
  /** The turn that this question corrected. */
  readonly steered: string | null;
  /** Corrections of this answer that were given back: it ended before they could be applied. */
  readonly returned: readonly Steering[];
  readonly finishReason: FinishReason | null;
  readonly contentHash: string | null;
  readonly sources: readonly Source[];
  readonly citations: readonly Citation[];
  readonly tools: readonly ToolUse[];
  readonly error: Failure | null;
  readonly usage: Usage | null;
  readonly createdAt: string | null;
}

/** A correction that was accepted: it waits to be applied, or was given back for `reason`. */
export interface Steering {
  readonly messageId: string;
  readonly content: string;
  readonly author: string;
  readonly clientMessageId: string | null;
  readonly reason: string | null;
}

/** A turn that is not done. `messageId` is its answer's, `null` until the answer is begun. */
export interface Turn {
  readonly turnId: string;
  readonly messageId: string | null;
  readonly status: Status;
  readonly msg: string;
  readonly detail: Json;
  readonly steers: readonly Steering[];
}

/**
 * `turns` are those that are not done, oldest first; `turn` is the first of them.
 *
 * `hasMore` says that there are older messages than `messages`.
 */
export interface Conversation {
  readonly sessionId: string;
  readonly workspaceId: string | null;
  readonly title: string;
  readonly messages: readonly Message[];
  readonly hasMore: boolean;
  readonly turns: readonly Turn[];
  readonly turn: Turn | null;
}

export function emptyConversation(sessionId: string): Conversation {
  return {
    sessionId,
    workspaceId: null,
    title: "",
    messages: [],
    hasMore: false,
    turns: [],
    turn: null,
  };
}

/** The state that a snapshot stands for: the same as folding every event up to its cursor. */
export function fromSnapshot(snapshot: Snapshot): Conversation {
  const turns = (snapshot.turns ?? (snapshot.turn ? [snapshot.turn] : [])).map(turnOf);
  return {
    sessionId: snapshot.sessionId,
    workspaceId: snapshot.workspaceId ?? null,
    title: snapshot.title ?? "",
    messages: snapshot.messages.map(messageOf),
    hasMore: snapshot.hasMore ?? false,
    turns,
    turn: turns[0] ?? null,
  };
}

/**
 * Return `state` with the page of messages that stands right before its message `before`.
 *
 * Some of it may be there already: of a branch that leaves off far back a snapshot has a part of
 * its own, and nothing of what came between.
 */
export function withOlder(state: Conversation, before: string, page: MessagePage): Conversation {
  const at = state.messages.findIndex(({ messageId }) => messageId === before);
  const earlier = state.messages
    .slice(0, at)
    .filter(({ messageId }) => !page.messages.some((one) => one.messageId === messageId));
  const messages = [...earlier, ...page.messages.map(messageOf), ...state.messages.slice(at)];
  return { ...state, messages, hasMore: page.hasMore };
}

/** The calls that wait for a person, the oldest first. */
export function openApprovals(messages: readonly Message[]): Approval[] {
  return messages.flatMap(({ turnId, messageId, tools }) =>
    tools
      .filter(({ status, approvalId }) => status === "waiting" && approvalId !== null)
      .map((tool) => filled(NO_APPROVAL, { ...tool, turnId, messageId })),
  );
}

export type Place = "next" | "old" | "gap";

/** Where an event stands to a reader that has folded everything up to `seq`. */
export function placeOf(event: Pick<Frame, "seq" | "covers">, seq: number): Place {
  const last = event.seq ?? 0;
  const first = event.covers?.[0] ?? last;
  if (last <= seq) return "old";
  return first === seq + 1 ? "next" : "gap";
}

/** Split `epoch:seq`. Returns `undefined` for what is no cursor. */
export function parseCursor(cursor: string): { epoch: string; seq: number } | undefined {
  const at = cursor.lastIndexOf(":");
  const seq = Number(cursor.slice(at + 1));
  if (at < 1 || !Number.isSafeInteger(seq) || seq < 0) return undefined;
  return { epoch: cursor.slice(0, at), seq };
}

/** What is known of a message, and of the rest that it is not so yet. */
export function messageOf(known: SnapshotMessage): Message {
  return {
    ...filled(NO_MESSAGE, known),
    streaming: known.status === "streaming",
    citations: (known.citations ?? []).map(citationOf),
    tools: (known.tools ?? []).map(toolOf),
    returned: (known.returned ?? []).map(steeringOf),
    error: known.error ? failureOf(known.error) : null,
  };
}

export function toolOf(known: SnapshotTool): ToolUse {
  return filled(NO_TOOL, known);
}

export function turnOf(known: SnapshotTurn): Turn {
  return { ...filled(NO_TURN, known), steers: (known.steers ?? []).map(steeringOf) };
}

export function steeringOf(known: SnapshotSteer): Steering {
  return filled(NO_STEERING, known);
}

/** The fields of `blank`, as they are in `known` where it has them. */
export function filled<Whole extends object>(blank: Whole, known: object): Whole {
  const told = known as Readonly<Record<string, unknown>>;
  const fields = Object.entries(blank).map(([name, value]) => [name, told[name] ?? value]);
  return Object.fromEntries(fields) as Whole;
}

const NO_MESSAGE: Message = {
  messageId: "",
  turnId: "",
  role: "assistant",
  content: "",
  reasoning: "",
  streaming: false,
  parentId: null,
  forkOf: null,
  author: null,
  clientMessageId: null,
  language: null,
  attachments: [],
  filter: null,
  model: null,
  why: null,
  steered: null,
  returned: [],
  finishReason: null,
  contentHash: null,
  sources: [],
  citations: [],
  tools: [],
  error: null,
  usage: null,
  createdAt: null,
};

const NO_TOOL: ToolUse = {
  toolCallId: "",
  name: "",
  input: {},
  offset: 0,
  reasoningOffset: 0,
  step: 1,
  status: "called",
  approvalId: null,
  msg: null,
  expiresAt: null,
  schema: {},
  author: null,
  reason: null,
  code: null,
  output: null,
};

const NO_APPROVAL: Approval = {
  approvalId: "",
  turnId: "",
  messageId: "",
  toolCallId: "",
  name: "",
  input: {},
  msg: "",
  expiresAt: "",
  schema: {},
};

const NO_TURN: Turn = {
  turnId: "",
  messageId: null,
  status: "queued",
  msg: "",
  detail: {},
  steers: [],
};

const NO_STEERING: Steering = {
  messageId: "",
  content: "",
  author: "",
  clientMessageId: null,
  reason: null,
};

/** A snapshot's citations are the events that made them. */
export function citationOf(event: Citation): Citation {
  const { start, end, sourceId, quote, page, headings, place } = event;
  return {
    start,
    end,
    sourceId,
    ...(quote && { quote }),
    ...(page && { page }),
    ...(headings?.length && { headings }),
    ...(place && { place }),
  };
}

/** What an answer keeps of why it failed. */
export function failureOf(failure: Partial<Failure>): Failure {
  return filled<Failure>({ code: "internal", message: "", retryable: false }, failure);
}
