/** The frames of `groundwire.v1` that are not events, and the state that snapshots tell. */

import type {
  Citation,
  Failure,
  Filter,
  FinishReason,
  Json,
  Source,
  Status,
  Usage,
} from "./events.ts";

export type * from "./events.ts";

export type ToolStatus = "called" | "waiting" | "approved" | "denied" | "done" | "failed";

/** A call of a tool in an answer, as a snapshot has it: what is not so yet is left out. */
export interface SnapshotTool {
  readonly toolCallId: string;
  readonly name: string;
  readonly input: Json;
  readonly offset: number;
  readonly reasoningOffset?: number;
  readonly step?: number;
  readonly status?: ToolStatus;
  readonly approvalId?: string | null;
  readonly msg?: string | null;
  readonly expiresAt?: string | null;
  readonly schema?: Json;
  readonly author?: string | null;
  readonly reason?: string | null;
  readonly code?: string | null;
  readonly output?: string | null;
}

export interface SnapshotMessage {
  readonly messageId: string;
  readonly turnId: string;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly status?: "streaming" | "complete";
  readonly reasoning?: string | null;
  readonly parentId?: string | null;
  readonly forkOf?: string | null;
  readonly author?: string | null;
  readonly clientMessageId?: string | null;
  readonly language?: string | null;
  readonly model?: string | null;
  readonly why?: string | null;
  readonly steered?: string | null;
  readonly returned?: readonly SnapshotSteer[];
  readonly finishReason?: FinishReason | null;
  readonly contentHash?: string | null;
  readonly sources?: readonly Source[];
  readonly citations?: readonly Citation[];
  readonly tools?: readonly SnapshotTool[];
  readonly error?: Failure | null;
  readonly usage?: Usage | null;
  readonly createdAt?: string | null;
}

export interface SnapshotSteer {
  readonly messageId: string;
  readonly content: string;
  readonly author: string;
  readonly clientMessageId?: string | null;
  readonly reason?: string | null;
}

export interface SnapshotTurn {
  readonly turnId: string;
  readonly messageId?: string | null;
  readonly status?: Status;
  readonly msg?: string;
  readonly detail?: Json;
  readonly content?: string;
  readonly steers?: readonly SnapshotSteer[];
}

/** A call of a tool that waits for a person. */
export interface Approval {
  readonly approvalId: string;
  readonly turnId: string;
  readonly messageId: string;
  readonly toolCallId: string;
  readonly name: string;
  readonly input: Json;
  readonly msg: string;
  readonly expiresAt: string;
  readonly schema: Json;
}

/** A conversation folded up to `cursor`; also the body of `GET /api/v1/conversations/{id}`. */
export interface Snapshot {
  readonly type?: "snapshot";
  readonly sessionId: string;
  readonly cursor: string;
  readonly title?: string | null;
  readonly workspaceId?: string | null;
  readonly messages: readonly SnapshotMessage[];
  readonly turn?: SnapshotTurn | null;
  readonly turns?: readonly SnapshotTurn[];
  readonly approvals?: readonly Approval[];
  /** Whether there are older messages than these. */
  readonly hasMore?: boolean;
}

/** Messages that are older than one, the oldest first. */
export interface MessagePage {
  readonly messages: readonly SnapshotMessage[];
  readonly hasMore: boolean;
}

export interface Ready {
  readonly type: "ready";
  readonly sessionId?: string;
  readonly workspaceId?: string;
  readonly epoch: string;
  readonly head: number;
  readonly resumed: boolean;
  readonly reason?: string | null;
  readonly ref?: string | null;
}

export interface Ack {
  readonly type: "ack";
  readonly ref?: string | null;
  readonly clientMessageId?: string | null;
  readonly turnId?: string | null;
  readonly messageSeq?: number | null;
  readonly duplicate?: boolean;
  readonly noop?: boolean;
}

export interface Welcome {
  readonly type: "welcome";
  readonly connectionId: string;
  readonly protocol: string;
  readonly heartbeatMs?: number;
  readonly idleTimeoutMs?: number;
}

/** Any frame, before its type is known. Unknown types are skipped, and their `seq` still counts. */
export interface Frame {
  readonly type: string;
  readonly sessionId?: string;
  readonly workspaceId?: string;
  readonly seq?: number;
  readonly covers?: readonly [number, number];
  readonly ref?: string | null;
  readonly [field: string]: unknown;
}

/** How an answer is to be made; what is left out is up to the installation. */
export interface AnswerOptions {
  readonly temperature?: number;
  readonly maxTokens?: number;
  /** The names of the tools that the model may use, among those that there are. */
  readonly tools?: readonly string[];
}

export type Language = "en" | "zh";

interface Asks {
  readonly sessionId: string;
  /** The same one again is the same turn, for ever. */
  readonly clientMessageId: string;
  /** In which the sentences of the turn come; told from the question when it is not given. */
  readonly language?: Language | undefined;
}

export interface ChatMessage extends Asks {
  readonly type: "chat_message";
  readonly content: string;
  readonly workspaceId?: string | undefined;
  readonly model?: string | undefined;
  /** The answer that the question follows, else the newest one. */
  readonly parentId?: string | undefined;
  /** The documents that the answer is to rest on, else whichever has to do with it. */
  readonly attachments?: readonly string[] | undefined;
  /** Which documents the answer may rest on. */
  readonly filter?: Filter | undefined;
  readonly options?: AnswerOptions | undefined;
  /** What becomes of it while an answer runs: it waits, is refused, corrects or ends that one. */
  readonly onBusy?: "queue" | "reject" | "steer" | "cancel" | undefined;
}

export interface Edit extends Asks {
  readonly type: "edit";
  readonly messageId: string;
  readonly content: string;
  readonly model?: string | undefined;
  /** The documents that the answer is to rest on, else those of the question. */
  readonly attachments?: readonly string[] | undefined;
  /** As for a new question, else as it was for this one; `{}` takes it off. */
  readonly filter?: Filter | undefined;
  readonly options?: AnswerOptions | undefined;
}

export interface Steer extends Asks {
  readonly type: "steer";
  readonly content: string;
  readonly turnId?: string | undefined;
}

export interface Regenerate extends Asks {
  readonly type: "regenerate";
  readonly messageId: string;
  readonly model?: string | undefined;
}

export interface Cancel {
  readonly type: "cancel";
  readonly sessionId: string;
  readonly turnId?: string | undefined;
  readonly clientMessageId?: string | undefined;
}

export interface ToolApproval {
  readonly type: "tool_approval";
  readonly sessionId: string;
  readonly approvalId: string;
  readonly approved: boolean;
  readonly reason?: string | undefined;
  /** What the tool gets instead. */
  readonly editedInput?: Json | undefined;
}

/** A page of events: those before the seq `before`, or after `after`, or the last. */
export interface History {
  readonly type: "history";
  readonly sessionId: string;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

export type Command = ChatMessage | Edit | Steer | Regenerate | Cancel | ToolApproval | History;

/** What is true only now, and told to the other devices. */
export type Ephemeral =
  | { readonly type: "presence"; readonly sessionId: string; readonly state: "online" | "away" }
  | { readonly type: "typing"; readonly sessionId: string }
  | { readonly type: "read"; readonly sessionId: string; readonly seq: number };

/** A page of events, as they are in the log. */
export interface HistoryPage {
  readonly type: "history";
  readonly epoch: string;
  readonly events: readonly Frame[];
  readonly hasMore: boolean;
}

/** Read a text frame. Returns `undefined` for what is no frame of ours. */
export function parseFrame(text: string): Frame | undefined {
  try {
    const value = JSON.parse(text) as Frame | null;
    return typeof value?.type === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
