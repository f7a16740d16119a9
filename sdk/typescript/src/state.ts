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

/** A turn that is not done. `messageId` is its answer's, `null` until the answer is begun. */
export interface Turn {
  readonly turnId: string;
  readonly messageId: string | null;
  readonly status: Status;
  readonly msg: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** `turns` are those that are not done, oldest first; `turn` is the first of them. */
export interface Conversation {
  readonly sessionId: string;
  readonly title: string;
  readonly messages: readonly Message[];
  readonly turns: readonly Turn[];
  readonly turn: Turn | null;
}

export function emptyConversation(sessionId: string): Conversation {
  return { sessionId, title: "", messages: [], turns: [], turn: null };
}

/** Return `state` after `event`. Total: an unknown type leaves the state as it is. */
export function fold(state: Conversation, event: ConversationEvent | Frame): Conversation {
  const known = event as ConversationEvent;
  switch (known.type) {
    case "message.created":
      return changeTurn(
        addMessage(state, {
          ...blankMessage(known.messageId, known.turnId, known.role),
          content: known.content,
          author: known.author ?? null,
          clientMessageId: known.clientMessageId ?? null,
          parentId: known.parentId ?? null,
          createdAt: known.ts ?? null,
        }),
        known.turnId,
        {},
      );
    case "turn.started":
      return changeTurn(
        addMessage(state, {
          ...blankMessage(known.messageId, known.turnId, "assistant"),
          streaming: true,
          model: known.model,
          why: known.why ?? null,
          parentId: known.parentId ?? null,
          forkOf: known.forkOf ?? null,
          createdAt: known.ts ?? null,
        }),
        known.turnId,
        { messageId: known.messageId },
      );
    case "status":
      return changeTurn(state, known.turnId, {
        status: known.status,
        msg: known.msg,
        detail: known.detail ?? {},
      });
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
        citations: [...answer.citations, citationOf(known)],
      }));
    case "answer.reset":
      return changeMessage(state, known.messageId, (answer) => reset(answer, known.toOffset));
    case "error":
      return changeAnswer(state, known.turnId, undefined, (answer) => ({
        ...answer,
        error: failureOf(known),
      }));
    case "done":
      return endTurn(
        changeMessage(state, known.messageId, (answer) => ({
          ...answer,
          streaming: false,
          finishReason: known.finishReason,
          contentHash: known.contentHash,
          usage: known.usage ?? null,
        })),
        known.turnId,
      );
    default:
      known satisfies never;
      return state;
  }
}

/** The state that a snapshot stands for: the same as folding every event up to its cursor. */
export function fromSnapshot(snapshot: Snapshot): Conversation {
  const running = snapshot.turn;
  const turn: Turn | null = running
    ? {
        turnId: running.turnId,
        messageId: running.messageId ?? null,
        status: running.status ?? "queued",
        msg: running.msg ?? "",
        detail: running.detail ?? {},
      }
    : null;
  return {
    sessionId: snapshot.sessionId,
    title: snapshot.title ?? "",
    messages: snapshot.messages.map(fromSnapshotMessage),
    turns: turn ? [turn] : [],
    turn,
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

function fromSnapshotMessage(message: SnapshotMessage): Message {
  return {
    ...blankMessage(message.messageId, message.turnId, message.role),
    content: message.content,
    reasoning: message.reasoning ?? "",
    streaming: message.status === "streaming",
    parentId: message.parentId ?? null,
    forkOf: message.forkOf ?? null,
    author: message.author ?? null,
    clientMessageId: message.clientMessageId ?? null,
    model: message.model ?? null,
    why: message.why ?? null,
    finishReason: message.finishReason ?? null,
    contentHash: message.contentHash ?? null,
    sources: message.sources ?? [],
    citations: (message.citations ?? []).map(citationOf),
    error: message.error ? failureOf(message.error) : null,
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

function changeTurn(state: Conversation, turnId: string, change: Partial<Turn>): Conversation {
  const at = state.turns.findIndex((turn) => turn.turnId === turnId);
  const turn = state.turns[at];
  return withTurns(
    state,
    turn
      ? state.turns.with(at, { ...turn, ...change })
      : [
          ...state.turns,
          { turnId, messageId: null, status: "queued", msg: "", detail: {}, ...change },
        ],
  );
}

function endTurn(state: Conversation, turnId: string): Conversation {
  return withTurns(
    state,
    state.turns.filter((turn) => turn.turnId !== turnId),
  );
}

function withTurns(state: Conversation, turns: readonly Turn[]): Conversation {
  return { ...state, turns, turn: turns[0] ?? null };
}

function reset(answer: Message, toOffset: number): Message {
  return {
    ...answer,
    content: Array.from(answer.content).slice(0, toOffset).join(""),
    citations: answer.citations.filter((citation) => citation.end <= toOffset),
  };
}

/** A snapshot's citations are the events that made them. */
function citationOf({ start, end, sourceId }: Citation): Citation {
  return { start, end, sourceId };
}

function failureOf(failure: Failure): Failure {
  return {
    code: failure.code,
    message: failure.message,
    retryable: failure.retryable,
    retryAfterMs: failure.retryAfterMs ?? null,
  };
}
