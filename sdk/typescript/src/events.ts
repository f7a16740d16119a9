/** What can happen, as it is in the logs and on the wire. */

export type Status = "queued" | "retrieving" | "reranking" | "thinking" | "generating" | "tool";

export type FinishReason =
  | "stop"
  | "length"
  | "tool"
  | "cancelled"
  | "error"
  | "steered"
  | "interrupted";

/** Where in its file a passage stands, if that is no page; seconds count from 0, others from 1. */
export interface Place {
  readonly unit: "slide" | "row" | "line" | "second";
  readonly first: number;
  readonly last: number;
}

/**
 * Where a passage stands from its code point `at` on, as far as the next spot. Where `place`
 * counts as many rows or lines as the text there has, each line has its own.
 */
export interface Spot {
  readonly at: number;
  readonly page?: number | null;
  readonly headings?: readonly string[];
  readonly place?: Place | null;
}

/** A passage that was found for a question; `n` is the number that the answer cites it by. */
export interface Source {
  readonly id: string;
  readonly n: number;
  readonly documentId: string;
  readonly title: string;
  readonly text: string;
  readonly page?: number | null;
  readonly headings?: readonly string[];
  readonly place?: Place | null;
  /** The path of the file within the document that it is from, if that is an archive or a mail. */
  readonly part?: string;
  readonly score?: number;
  readonly uri?: string | null;
  /** Its document is pinned, so it is there whatever was asked. */
  readonly pinned?: boolean;
  /** Where each of its parts stands, if not all do alike. */
  readonly spots?: readonly Spot[];
}

/** Which documents count: those that meet every criterion, each by any of its values. */
export interface Filter {
  readonly documents?: readonly string[];
  readonly tags?: readonly string[];
  /** The ids of collections. */
  readonly collections?: readonly string[];
  /** What kind of file: `pdf`, `docx`, `mail`, …. */
  readonly types?: readonly string[];
  /** RFC 3339: when the present bytes of a document came, from this on. */
  readonly since?: string;
  /** As `since`: before this. */
  readonly until?: string;
}

/** Code points `start` to `end` (exclusive) of the answer rest on the source `sourceId`. */
export interface Citation {
  readonly start: number;
  readonly end: number;
  readonly sourceId: string;
  /** What of the source it rests on, if that is known; the rest is where that stands. */
  readonly quote?: string;
  readonly page?: number | null;
  readonly headings?: readonly string[];
  readonly place?: Place | null;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | null;
}

export interface Usage {
  readonly promptTokens?: number | null;
  readonly completionTokens?: number | null;
  readonly firstTokenMs?: number | null;
  readonly totalMs?: number | null;
}

/** What every durable event of a log carries. `covers` names the events a merged one stands for. */
export interface Durable {
  readonly seq: number;
  readonly ts?: string;
  readonly covers?: readonly [number, number];
}

interface OfConversation extends Durable {
  readonly sessionId: string;
  readonly turnId: string;
}

export type Json = Readonly<Record<string, unknown>>;

export interface MessageCreated extends OfConversation {
  readonly type: "message.created";
  readonly messageId: string;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly author?: string | null;
  readonly clientMessageId?: string | null;
  readonly parentId?: string | null;
  /** The question that this one is another wording of. */
  readonly forkOf?: string | null;
  readonly model?: string | null;
  readonly language?: string;
  /** The documents that the answer is to rest on, if not on all. */
  readonly attachments?: readonly string[];
  /** Which documents the answer may rest on. */
  readonly filter?: Filter | null;
}

export interface TurnStarted extends OfConversation {
  readonly type: "turn.started";
  readonly messageId: string;
  readonly model: string;
  readonly why?: string | null;
  readonly parentId?: string | null;
  readonly forkOf?: string | null;
}

export interface StatusChanged extends OfConversation {
  readonly type: "status";
  readonly status: Status;
  readonly msg: string;
  readonly detail?: Json;
}

export interface SourcesFound extends OfConversation {
  readonly type: "sources";
  readonly items: readonly Source[];
}

/** `offset` counts the code points of the answer before this token. */
export interface Token extends OfConversation {
  readonly type: "token" | "reasoning";
  readonly messageId: string;
  readonly content: string;
  readonly offset?: number;
}

export interface CitationMade extends OfConversation, Citation {
  readonly type: "citation";
  readonly messageId: string;
}

/** Withdraws what the answer says after its first `toOffset` code points, and of its reasoning. */
export interface AnswerReset extends OfConversation {
  readonly type: "answer.reset";
  readonly messageId: string;
  readonly toOffset: number;
  readonly toReasoning?: number;
}

/** `messageId` is of the question that the correction becomes once it is applied. */
interface SteerEvent extends OfConversation {
  readonly messageId: string;
  readonly clientMessageId?: string | null;
}

/** A correction of this turn is on the disk. */
export interface SteerAccepted extends SteerEvent {
  readonly type: "steer.accepted";
  readonly content: string;
  readonly author: string;
}

/** The turn `steered` is done, and this one goes on with the correction. */
export interface SteerApplied extends SteerEvent {
  readonly type: "steer.applied";
  readonly steered: string;
}

/** The turn ended before it could be corrected; the text is given back. */
export interface SteerFailed extends SteerEvent {
  readonly type: "steer.failed";
  readonly content: string;
  readonly reason: string;
}

interface ToolEvent extends OfConversation {
  readonly toolCallId: string;
}

export interface ToolCalled extends ToolEvent {
  readonly type: "tool.call";
  readonly messageId: string;
  readonly name: string;
  readonly input: Json;
  readonly offset?: number;
  readonly reasoningOffset?: number;
  /** Calls of one step, from 1, were wished for together. */
  readonly step?: number;
}

/** A person has to allow the call before `expiresAt`. */
export interface ApprovalRequired extends ToolEvent {
  readonly type: "tool.approval_required";
  readonly approvalId: string;
  readonly name: string;
  readonly input: Json;
  readonly msg: string;
  readonly expiresAt: string;
  readonly schema?: Json;
}

export interface ToolApproved extends ToolEvent {
  readonly type: "tool.approved";
  readonly approvalId: string;
  readonly author: string;
  /** What the tool gets, where it was edited. */
  readonly input?: Json | null;
}

export interface ToolDenied extends ToolEvent {
  readonly type: "tool.denied";
  readonly approvalId: string;
  readonly author?: string | null;
  readonly reason?: string;
  readonly code?: string | null;
}

export interface ToolResult extends ToolEvent {
  readonly type: "tool.result";
  readonly output: string;
}

export interface ToolFailed extends ToolEvent {
  readonly type: "tool.error";
  readonly code: string;
  readonly message: string;
}

export interface TurnFailed extends OfConversation, Failure {
  readonly type: "error";
}

export interface TurnDone extends OfConversation {
  readonly type: "done";
  readonly messageId: string;
  readonly finishReason: FinishReason;
  readonly contentHash: string;
  readonly usage?: Usage | null;
}

export type ConversationEvent =
  | MessageCreated
  | TurnStarted
  | StatusChanged
  | SourcesFound
  | Token
  | CitationMade
  | AnswerReset
  | SteerAccepted
  | SteerApplied
  | SteerFailed
  | ToolCalled
  | ApprovalRequired
  | ToolApproved
  | ToolDenied
  | ToolResult
  | ToolFailed
  | TurnFailed
  | TurnDone;
