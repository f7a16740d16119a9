/** What the events of a conversation fold into. Pure: no clock, no network. */

import type {
  Citation,
  ConversationEvent,
  Failure,
  FinishReason,
  Frame,
  Snapshot,
  SnapshotMessage,
  Source,
  Status,
  Usage,
} from "./wire.ts";

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
  readonly model: string | null;
  readonly why: string | null;
  readonly finishReason: FinishReason | null;
  readonly contentHash: string | null;
  readonly sources: readonly Source[];
  readonly citations: readonly Citation[];
  readonly error: Failure | null;
  readonly usage: Usage | null;
  readonly createdAt: string | null;
}

/** The turn that is running. `messageId` is its answer's, `null` until the answer is begun. */
export interface Turn {
  readonly turnId: string;
  readonly messageId: string | null;
  readonly status: Status;
  readonly msg: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Conversation {
  readonly sessionId: string;
  readonly title: string;
  readonly messages: readonly Message[];
  readonly turn: Turn | null;
}

export function emptyConversation(sessionId: string): Conversation {
  return { sessionId, title: "", messages: [], turn: null };
}

/** Return `state` after `event`. Total: an unknown type leaves the state as it is. */
export function fold(state: Conversation, event: ConversationEvent | Frame): Conversation {
  const known = event as ConversationEvent;
  switch (known.type) {
    case "message.created":
      return addMessage(state, {
        ...blankMessage(known.messageId, known.turnId, known.role),
        content: known.content,
        author: known.author ?? null,
        clientMessageId: known.clientMessageId ?? null,
        parentId: known.parentId ?? null,
        createdAt: known.ts ?? null,
      });
    case "turn.started":
      return {
        ...addMessage(state, {
          ...blankMessage(known.messageId, known.turnId, "assistant"),
          streaming: true,
          model: known.model,
          why: known.why ?? null,
          parentId: known.parentId ?? null,
          forkOf: known.forkOf ?? null,
          createdAt: known.ts ?? null,
        }),
        turn: startedTurn(state.turn, known.turnId, known.messageId),
      };
    case "status":
      return withStatus(state, known.turnId, known.status, known.msg, known.detail ?? {});
    case "sources":
      return changeAnswer(state, known.turnId, known.messageId, (answer) => ({
        ...answer,
        sources: known.items,
      }));
    case "token":
      return changeMessage(state, known.messageId, (answer) => ({
        ...answer,
        content: answer.content + known.content,
      }));
    case "reasoning":
      return changeMessage(state, known.messageId, (answer) => ({
        ...answer,
        reasoning: answer.reasoning + known.content,
      }));
    case "citation":
      return changeMessage(state, known.messageId, (answer) => ({
        ...answer,
        citations: [
          ...answer.citations,
          { start: known.start, end: known.end, sourceId: known.sourceId },
        ],
      }));
    case "answer.reset":
      return changeMessage(state, known.messageId, (answer) => reset(answer, known.toOffset));
    case "error":
      return changeAnswer(state, known.turnId, undefined, (answer) => ({
        ...answer,
        error: failureOf(known),
      }));
    case "done":
      return {
        ...changeMessage(state, known.messageId, (answer) => ({
          ...answer,
          streaming: false,
          finishReason: known.finishReason,
          contentHash: known.contentHash,
          usage: known.usage ?? null,
        })),
        turn: state.turn?.turnId === known.turnId ? null : state.turn,
      };
    default:
      known satisfies never;
      return state;
  }
}

/** The state that a snapshot stands for: the same as folding every event up to its cursor. */
export function fromSnapshot(snapshot: Snapshot): Conversation {
  const turn = snapshot.turn;
  return {
    sessionId: snapshot.sessionId,
    title: snapshot.title ?? "",
    messages: snapshot.messages.map((message) => fromSnapshotMessage(message, turn?.messageId)),
    turn: turn
      ? {
          turnId: turn.turnId,
          messageId: turn.messageId ?? null,
          status: turn.status ?? "queued",
          msg: turn.msg ?? "",
          detail: turn.detail ?? {},
        }
      : null,
  };
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

function blankMessage(messageId: string, turnId: string, role: Message["role"]): Message {
  return {
    messageId,
    turnId,
    role,
    content: "",
    reasoning: "",
    streaming: false,
    parentId: null,
    forkOf: null,
    author: null,
    clientMessageId: null,
    model: null,
    why: null,
    finishReason: null,
    contentHash: null,
    sources: [],
    citations: [],
    error: null,
    usage: null,
    createdAt: null,
  };
}

function fromSnapshotMessage(message: SnapshotMessage, running?: string | null): Message {
  return {
    ...blankMessage(message.messageId, message.turnId, message.role),
    content: message.content,
    reasoning: message.reasoning ?? "",
    streaming: message.messageId === running,
    parentId: message.parentId ?? null,
    forkOf: message.forkOf ?? null,
    author: message.author ?? null,
    clientMessageId: message.clientMessageId ?? null,
    model: message.model ?? null,
    why: message.why ?? null,
    finishReason: message.finishReason ?? null,
    contentHash: message.contentHash ?? null,
    sources: message.sources ?? [],
    citations: message.citations ?? [],
    error: message.error ?? null,
    usage: message.usage ?? null,
    createdAt: message.createdAt ?? null,
  };
}

function addMessage(state: Conversation, message: Message): Conversation {
  if (state.messages.some((known) => known.messageId === message.messageId)) return state;
  return { ...state, messages: [...state.messages, message] };
}

function changeMessage(
  state: Conversation,
  messageId: string,
  change: (message: Message) => Message,
): Conversation {
  // From the end: what changes is nearly always the newest answer.
  const at = state.messages.findLastIndex((message) => message.messageId === messageId);
  const message = state.messages[at];
  if (!message) return state;
  return { ...state, messages: state.messages.with(at, change(message)) };
}

function changeAnswer(
  state: Conversation,
  turnId: string,
  messageId: string | undefined,
  change: (message: Message) => Message,
): Conversation {
  const answer = state.messages.findLast(
    (message) => message.turnId === turnId && message.role === "assistant",
  );
  const id = messageId ?? answer?.messageId;
  return id === undefined ? state : changeMessage(state, id, change);
}

function startedTurn(turn: Turn | null, turnId: string, messageId: string): Turn {
  if (turn?.turnId === turnId) return { ...turn, messageId };
  return { turnId, messageId, status: "queued", msg: "", detail: {} };
}

function withStatus(
  state: Conversation,
  turnId: string,
  status: Status,
  msg: string,
  detail: Readonly<Record<string, unknown>>,
): Conversation {
  // A question that waits behind the running turn says `queued`: that is not what goes on now.
  if (state.turn && state.turn.turnId !== turnId) return state;
  const messageId = state.turn?.messageId ?? null;
  return { ...state, turn: { turnId, messageId, status, msg, detail } };
}

function reset(answer: Message, toOffset: number): Message {
  return {
    ...answer,
    content: Array.from(answer.content).slice(0, toOffset).join(""),
    citations: answer.citations.filter((citation) => citation.end <= toOffset),
  };
}

function failureOf(failure: Failure): Failure {
  return {
    code: failure.code,
    message: failure.message,
    retryable: failure.retryable,
    retryAfterMs: failure.retryAfterMs ?? null,
  };
}
