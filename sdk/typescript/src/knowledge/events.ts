/** What can happen to the documents and feeds of a workspace, as it is in its log. */

import type { Durable } from "../events.ts";
import type { Counts, FeedKind, Refusal } from "./feeds.ts";

/** A part of a document that could not be read: a file in it, or pages; and why. */
export interface Unread {
  readonly where: string;
  readonly code: string;
  readonly reason: string;
}

interface OfBatch extends Durable {
  readonly workspaceId: string;
}

interface OfWorkspace extends OfBatch {
  readonly documentId: string;
  readonly title: string;
}

export interface DocumentReceived extends OfWorkspace {
  readonly type: "document.received";
  readonly sizeBytes: number;
  readonly documentType?: string | null;
  readonly batchId?: string | null;
}

export interface DocumentStep extends OfWorkspace {
  readonly type:
    | "document.parsing"
    | "document.chunking"
    | "document.removed"
    | "document.paused"
    | "document.resumed";
}

export interface DocumentEmbedding extends OfWorkspace {
  readonly type: "document.embedding";
  readonly done: number;
  readonly total: number;
  /** The version before is found until all of this one can be. */
  readonly revises?: boolean;
}

export interface DocumentReady extends OfWorkspace {
  readonly type: "document.ready";
  readonly pages?: number | null;
  readonly chunks: number;
  readonly unread?: readonly Unread[];
}

export interface DocumentFailed extends OfWorkspace {
  readonly type: "document.failed";
  readonly code: string;
  readonly reason: string;
}

export interface DocumentLabelled extends OfWorkspace {
  readonly type: "document.labelled";
  readonly tags: readonly string[];
  readonly pinned: boolean;
  readonly collections: readonly string[];
}

/** One that is removed has let its documents go; what one has, each document tells. */
export interface CollectionChanged extends OfBatch {
  readonly type: "collection.changed";
  readonly collectionId: string;
  readonly name: string;
  readonly change: "created" | "renamed" | "removed";
}

/** How many of the `total` documents that came together are ready, failed or paused. */
export interface BatchProgress extends OfBatch {
  readonly type: "batch.progress";
  readonly batchId: string;
  readonly total: number;
  readonly ready: number;
  readonly failed: number;
  readonly paused: number;
}

/** What happened to a feed, and all of how it is since but its address and options. */
export interface FeedChanged extends OfBatch {
  readonly type: "feed.changed";
  readonly feedId: string;
  readonly kind: FeedKind;
  readonly change:
    | "added"
    | "changed"
    | "syncing"
    | "synced"
    | "failed"
    | "paused"
    | "resumed"
    | "removed";
  readonly status?: "idle" | "syncing" | "failed";
  readonly paused?: boolean;
  readonly intervalS?: number | null;
  readonly syncedAt?: string | null;
  readonly nextAt?: string | null;
  readonly batchId?: string | null;
  readonly counts?: Counts;
  readonly refusals?: readonly Refusal[];
  readonly reasonCode?: string | null;
  readonly reason?: string | null;
}

/** The passages are embedded anew: `embedder` has done `done` of `total`; `reason` if it waits. */
export interface EmbedderChanging extends OfBatch {
  readonly type: "embedder.changing";
  readonly embedder: string;
  readonly done: number;
  readonly total: number;
  readonly reason?: string | null;
}

/** From now on `embedder` finds passages by their meaning. */
export interface EmbedderChanged extends OfBatch {
  readonly type: "embedder.changed";
  readonly embedder: string;
}

export type WorkspaceEvent =
  | BatchProgress
  | CollectionChanged
  | FeedChanged
  | EmbedderChanging
  | EmbedderChanged
  | DocumentReceived
  | DocumentStep
  | DocumentLabelled
  | DocumentEmbedding
  | DocumentReady
  | DocumentFailed;
