/** What the events of a conversation do to it: the same as in the server. Pure. */

import {
  type Conversation,
  citationOf,
  failureOf,
  type Message,
  messageOf,
  steeringOf,
  type ToolUse,
  type Turn,
  toolOf,
  turnOf,
} from "./state.ts";
import type {
  AnswerReset,
  ApprovalRequired,
  CitationMade,
  ConversationEvent,
  Frame,
  SnapshotMessage,
  SourcesFound,
  SteerFailed,
  Token,
  ToolApproved,
  ToolCalled,
  ToolDenied,
  ToolFailed,
  ToolResult,
  TurnFailed,
} from "./wire.ts";

type ToolChange = ApprovalRequired | ToolApproved | ToolDenied | ToolResult | ToolFailed;
type Growth =
  | SourcesFound
  | Token
  | CitationMade
  | AnswerReset
  | TurnFailed
  | ToolCalled
  | ToolChange;

/** Return `state` after `event`. Total: an unknown type leaves the state as it is. */
export function fold(state: Conversation, event: ConversationEvent | Frame): Conversation {
  const known = event as ConversationEvent;
  switch (known.type) {
    case "message.created":
      return changeTurn(
        addMessage(state, {
          ...known,
          language: known.language ?? "en",
          model: null,
          createdAt: known.ts ?? null,
        }),
        known.turnId,
        {},
      );
    case "turn.started":
      return changeTurn(
        addMessage(state, {
          ...known,
          role: "assistant",
          content: "",
          status: "streaming",
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
    case "steer.accepted":
      return changeTurn(state, known.turnId, {
        steers: [...steersOf(state, known.turnId), steeringOf(known)],
      });
    case "steer.failed":
      return giveBack(state, known);
    case "steer.applied":
      return changeMessage(state, known.messageId, { steered: known.steered });
    case "done":
      return endTurn(
        changeMessage(state, known.messageId, {
          streaming: false,
          finishReason: known.finishReason,
          contentHash: known.contentHash,
          usage: known.usage ?? {},
        }),
        known.turnId,
      );
    default:
      return grow(state, known);
  }
}

/** What happens within an answer. */
function grow(state: Conversation, event: Growth): Conversation {
  const answer = findAnswer(state, event.turnId);
  const change = answer && growth(answer, event);
  return change ? changeMessage(state, answer.messageId, change) : state;
}

function growth(answer: Message, event: Growth): Partial<Message> | undefined {
  switch (event.type) {
    case "token":
      return { content: answer.content + event.content };
    case "reasoning":
      return { reasoning: answer.reasoning + event.content };
    case "sources":
      return { sources: event.items };
    case "citation":
      return { citations: [...answer.citations, citationOf(event)] };
    case "answer.reset":
      return keptAfter(answer, event);
    case "error":
      return { error: failureOf(event) };
    case "tool.call":
      return { tools: [...answer.tools, toolOf({ offset: 0, ...event })] };
    case "tool.approval_required":
    case "tool.approved":
    case "tool.denied":
    case "tool.result":
    case "tool.error":
      return {
        tools: answer.tools.map((tool) =>
          tool.toolCallId === event.toolCallId ? { ...tool, ...toolChange(tool, event) } : tool,
        ),
      };
    default:
      event satisfies never;
      return undefined;
  }
}

function keptAfter(answer: Message, { toOffset, toReasoning = 0 }: AnswerReset): Partial<Message> {
  return {
    content: firstPoints(answer.content, toOffset),
    reasoning: firstPoints(answer.reasoning, toReasoning),
    citations: answer.citations.filter((citation) => citation.end <= toOffset),
    tools: answer.tools.filter(
      (tool) => tool.offset <= toOffset && tool.reasoningOffset <= toReasoning,
    ),
    error: null,
  };
}

function toolChange(tool: ToolUse, event: ToolChange): Partial<ToolUse> {
  switch (event.type) {
    case "tool.approval_required": {
      const { approvalId, msg, expiresAt, schema = {} } = event;
      return { status: "waiting", approvalId, msg, expiresAt, schema };
    }
    case "tool.approved":
      return { status: "approved", author: event.author, input: event.input ?? tool.input };
    case "tool.denied": {
      const { author = null, reason, code = null } = event;
      return { status: "denied", author, reason: reason || null, code };
    }
    case "tool.result":
      return { status: "done", output: event.output };
    case "tool.error":
      return { status: "failed", reason: event.message, code: event.code };
  }
}

function firstPoints(text: string, count: number): string {
  return Array.from(text).slice(0, count).join("");
}

function findAnswer(state: Conversation, turnId: string): Message | undefined {
  // From the end: what grows is nearly always the newest answer.
  for (let at = state.messages.length - 1; at >= 0; at -= 1) {
    const message = state.messages[at];
    if (message?.turnId === turnId && message.role === "assistant") return message;
  }
  return undefined;
}

function addMessage(state: Conversation, message: SnapshotMessage): Conversation {
  if (state.messages.some((known) => known.messageId === message.messageId)) return state;
  return { ...state, messages: [...state.messages, messageOf(message)] };
}

function changeMessage(
  state: Conversation,
  messageId: string,
  change: Partial<Message>,
): Conversation {
  const messages = state.messages.map((message) =>
    message.messageId === messageId ? { ...message, ...change } : message,
  );
  return { ...state, messages };
}

function changeTurn(state: Conversation, turnId: string, change: Partial<Turn>): Conversation {
  const isKnown = state.turns.some((turn) => turn.turnId === turnId);
  const turns = isKnown ? state.turns : [...state.turns, turnOf({ turnId })];
  return withTurns(
    state,
    turns.map((turn) => (turn.turnId === turnId ? { ...turn, ...change } : turn)),
  );
}

function steersOf(state: Conversation, turnId: string): Turn["steers"] {
  return state.turns.find((turn) => turn.turnId === turnId)?.steers ?? [];
}

/** The correction will not be applied: it is the answer's from now on. */
function giveBack(state: Conversation, event: SteerFailed): Conversation {
  const { turnId, messageId, reason } = event;
  const known = steersOf(state, turnId);
  const steers = known.filter((one) => one.messageId !== messageId);
  const failed = known.filter((one) => one.messageId === messageId);
  const changed = changeTurn(state, turnId, { steers });
  const answer = findAnswer(state, turnId);
  if (!answer) return changed;
  const returned = [...answer.returned, ...failed.map((one) => ({ ...one, reason }))];
  return changeMessage(changed, answer.messageId, { returned });
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
