/** What the events of a workspace's log do to its list of documents. Pure. */

import { filled } from "../state.ts";
import type { Frame } from "../wire.ts";
import type { Unread, WorkspaceEvent } from "./events.ts";

export type DocumentStatus = "queued" | "parsing" | "chunking" | "embedding" | "ready" | "failed";
export type Searchable = "none" | "words" | "meaning";

/** A document of a workspace; `embedded` of its `chunks` chunks have their embedding. */
export interface DocumentInfo {
  readonly id: string;
  readonly title: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly status: DocumentStatus;
  readonly searchable: Searchable;
  readonly pages: number | null;
  readonly chunks: number;
  readonly embedded: number;
  /** Why it failed, for programs: as `code` of `document.failed`. */
  readonly reasonCode: string | null;
  /** The same as a sentence for people, in English. */
  readonly reason: string | null;
  readonly unread: readonly Unread[];
  readonly createdAt: string | null;
  /** What it has in common with those that came with it. */
  readonly batchId: string | null;
  /** Whether nothing is done with it until it is resumed. */
  readonly paused: boolean;
  /** What kind of file it is: `pdf`, `docx`, `mail`, …. */
  readonly type: string;
  /** In lower case. */
  readonly tags: readonly string[];
  /** Whether what it says is always part of what answers rest on. */
  readonly pinned: boolean;
  /** The ids of those that it is in. */
  readonly collections: readonly string[];
}

const NO_DOCUMENT: DocumentInfo = {
  id: "",
  title: "",
  mediaType: "",
  sizeBytes: 0,
  status: "queued",
  searchable: "none",
  pages: null,
  chunks: 0,
  embedded: 0,
  reasonCode: null,
  reason: null,
  unread: [],
  createdAt: null,
  batchId: null,
  paused: false,
  type: "",
  tags: [],
  pinned: false,
  collections: [],
};

/** What is known of a document, and of the rest that it is not so yet. */
export function documentInfo(known: Partial<DocumentInfo> & { readonly id: string }): DocumentInfo {
  return filled(NO_DOCUMENT, known);
}

/** Return the list after `event`. Total: an unknown type leaves it as it is. */
export function foldDocuments(
  documents: readonly DocumentInfo[],
  event: WorkspaceEvent | Frame,
): readonly DocumentInfo[] {
  const known = event as WorkspaceEvent;
  switch (known.type) {
    case "document.received":
      return put(documents, known.documentId, {
        title: known.title,
        sizeBytes: known.sizeBytes,
        status: "queued",
        reasonCode: null,
        reason: null,
        batchId: known.batchId ?? null,
        paused: false,
        ...(known.documentType ? { type: known.documentType } : {}),
        ...(known.ts === undefined ? {} : { createdAt: known.ts }),
      });
    case "document.parsing":
    case "document.chunking":
      return put(documents, known.documentId, { status: known.type.slice(9) as DocumentStatus });
    case "document.paused":
    case "document.resumed":
      return put(documents, known.documentId, { paused: known.type === "document.paused" });
    case "document.embedding":
      return put(documents, known.documentId, {
        status: "embedding",
        searchable: known.revises ? "meaning" : "words",
        embedded: known.done,
        chunks: known.total,
      });
    case "document.ready":
      return put(documents, known.documentId, {
        status: "ready",
        searchable: "meaning",
        pages: known.pages ?? null,
        chunks: known.chunks,
        embedded: known.chunks,
        unread: known.unread ?? [],
      });
    case "document.failed":
      return put(documents, known.documentId, {
        status: "failed",
        reasonCode: known.code,
        reason: known.reason,
        paused: false,
      });
    case "document.removed":
      return documents.filter((document) => document.id !== known.documentId);
    case "document.labelled":
      return put(documents, known.documentId, {
        tags: known.tags,
        pinned: known.pinned,
        collections: known.collections,
      });
    case "collection.changed":
      return known.change === "removed" ? letGo(documents, known.collectionId) : documents;
    case "batch.progress":
    case "feed.changed":
    case "embedder.changing":
    case "embedder.changed":
      return documents;
    default:
      known satisfies never;
      return documents;
  }
}

function letGo(documents: readonly DocumentInfo[], collection: string): readonly DocumentInfo[] {
  return documents.map((document) =>
    document.collections.includes(collection)
      ? { ...document, collections: document.collections.filter((id) => id !== collection) }
      : document,
  );
}

function put(
  documents: readonly DocumentInfo[],
  id: string,
  change: Partial<DocumentInfo>,
): readonly DocumentInfo[] {
  if (documents.some((document) => document.id === id)) {
    return documents.map((document) =>
      document.id === id ? { ...document, ...change } : document,
    );
  }
  return [documentInfo({ id, ...change }), ...documents];
}
