/** Documents, what they are found by, and where they come from. Every call throws `GroundwireError`. */

import type { Groundwire } from "../client.ts";
import type { Filter } from "../events.ts";
import { type Http, part } from "../http.ts";
import type { Changeover } from "./changeover.ts";
import type { CollectionInfo } from "./collections.ts";
import { type DocumentInfo, type DocumentStatus, documentInfo } from "./documents.ts";
import { type FeedInfo, type FeedKind, type FeedOptions, feedInfo } from "./feeds.ts";
import { LiveWorkspace } from "./workspace.ts";

/** What became of a file that was sent: a document, or without an `id` why it was refused. */
export interface Uploaded {
  readonly id: string | null;
  readonly title: string;
  readonly status: DocumentStatus;
  readonly reason: string | null;
  readonly reasonCode: string | null;
}

export interface FoundPassage {
  readonly text: string;
  readonly documentId: string;
  readonly title: string;
  readonly page?: number | null;
  readonly score: number;
}

export type Labels = Partial<Pick<DocumentInfo, "tags" | "pinned" | "collections">>;

export type Order = "pause" | "resume" | "cancel" | "retry";

export interface NewFeed {
  readonly kind: FeedKind;
  /** An address of the web, or the whole path of a folder on the server. */
  readonly address: string;
  readonly options?: FeedOptions;
  /** How often it is looked at by itself, 0 for never; left out, a folder is watched. */
  readonly intervalS?: number;
}

export class Knowledge {
  readonly #http: Http;
  readonly #connection: Groundwire["connection"];

  /** Of the server that `groundwire` is of, over its connection. */
  constructor({ http, connection }: Pick<Groundwire, "http" | "connection">) {
    this.#http = http;
    this.#connection = connection;
  }

  /** Follow a workspace's documents, and its feeds if asked to, until `close()`. */
  attachWorkspace(id: string): LiveWorkspace {
    return new LiveWorkspace(this.#connection, id, {
      documents: () => this.documents(id),
      collections: () => this.collections(id),
      feeds: () => this.feeds(id),
      changeover: () => this.changeover(id),
    });
  }

  async documents(workspaceId: string): Promise<readonly DocumentInfo[]> {
    const path = `/workspaces/${part(workspaceId)}/documents`;
    const { documents } = await this.#call<{ documents: DocumentInfo[] }>("GET", path);
    return documents.map(documentInfo);
  }

  /** How far another embedder is that is to find the workspace's passages, if one is. */
  async changeover(workspaceId: string): Promise<Changeover | null> {
    const path = `/workspaces/${part(workspaceId)}/embedder`;
    return (await this.#call<{ coming: Changeover | null }>("GET", path)).coming;
  }

  /** What is sent with the same `batch` belongs together. */
  async upload(
    workspaceId: string,
    files: readonly File[],
    batch?: string,
  ): Promise<readonly Uploaded[]> {
    const form = new FormData();
    for (const file of files) form.append("file", file, file.name);
    const at = batch ? `?batch=${part(batch)}` : "";
    const path = `/workspaces/${part(workspaceId)}/documents${at}`;
    return (await this.#call<{ documents: Uploaded[] }>("POST", path, form)).documents;
  }

  /** Work on a document: twice is once. */
  order(documentId: string, order: Order): Promise<unknown> {
    return this.#call("POST", `/documents/${part(documentId)}/${order}`);
  }

  /** The same with every document of a batch. */
  orderBatch(workspaceId: string, batch: string, order: Order): Promise<unknown> {
    return this.#call("POST", `/workspaces/${part(workspaceId)}/batches/${part(batch)}/${order}`);
  }

  deleteDocument(id: string): Promise<unknown> {
    return this.#call("DELETE", `/documents/${part(id)}`);
  }

  /** The places that documents come from, the oldest first. */
  async feeds(workspaceId: string): Promise<readonly FeedInfo[]> {
    const path = `/workspaces/${part(workspaceId)}/feeds`;
    return (await this.#call<{ feeds: FeedInfo[] }>("GET", path)).feeds.map(feedInfo);
  }

  /** Add a place, and begin to take its documents in. */
  async addFeed(workspaceId: string, feed: NewFeed): Promise<FeedInfo> {
    return feedInfo(await this.#call("POST", `/workspaces/${part(workspaceId)}/feeds`, feed));
  }

  /** What is left out stays; `options` are taken as a whole. While it is paused it is not looked at. */
  async changeFeed(
    id: string,
    change: Partial<Pick<FeedInfo, "options" | "paused"> & { readonly intervalS: number }>,
  ): Promise<FeedInfo> {
    return feedInfo(await this.#call("PATCH", `/feeds/${part(id)}`, change));
  }

  /** Look at the place now. */
  async syncFeed(id: string): Promise<FeedInfo> {
    return feedInfo(await this.#call("POST", `/feeds/${part(id)}/sync`));
  }

  /** Forget a feed, with the documents that nobody else brought unless they are to be kept. */
  deleteFeed(id: string, documents: "keep" | "remove" = "remove"): Promise<unknown> {
    return this.#call("DELETE", `/feeds/${part(id)}?documents=${documents}`);
  }

  /** Where the uploaded file itself is; a browser opens a PDF at `page`. */
  contentUrl(documentId: string, page?: number | null): string {
    const at = page ? `#page=${page}` : "";
    return this.#http.url(`/documents/${part(documentId)}/content${at}`);
  }

  /** A picture of a page of a PDF; what the passage with the id `passage` says is marked on it. */
  pageUrl(documentId: string, page: number, passage?: string): string {
    const marked = passage ? `&passage=${part(passage)}` : "";
    return this.#http.url(`/documents/${part(documentId)}/page?page=${page}${marked}`);
  }

  async search(
    workspaceId: string,
    query: string,
    limit = 8,
    filter?: Filter,
  ): Promise<readonly FoundPassage[]> {
    const path = `/workspaces/${part(workspaceId)}/search`;
    const asked = { query, limit, filter };
    return (await this.#call<{ passages: FoundPassage[] }>("POST", path, asked)).passages;
  }

  /** What is given takes the place of what was there; the rest stays. */
  async sortDocument(id: string, labels: Labels): Promise<DocumentInfo> {
    return documentInfo(await this.#call("PATCH", `/documents/${part(id)}`, labels));
  }

  async collections(workspaceId: string): Promise<readonly CollectionInfo[]> {
    const path = `/workspaces/${part(workspaceId)}/collections`;
    return (await this.#call<{ collections: CollectionInfo[] }>("GET", path)).collections;
  }

  createCollection(workspaceId: string, name: string): Promise<CollectionInfo> {
    return this.#call("POST", `/workspaces/${part(workspaceId)}/collections`, { name });
  }

  /** Another name, documents more and documents less, all or nothing. */
  changeCollection(
    id: string,
    change: { name?: string; add?: readonly string[]; remove?: readonly string[] },
  ): Promise<CollectionInfo> {
    return this.#call("PATCH", `/collections/${part(id)}`, change);
  }

  /** Its documents stay. */
  deleteCollection(id: string): Promise<unknown> {
    return this.#call("DELETE", `/collections/${part(id)}`);
  }

  #call<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    return this.#http.call(method, path, body);
  }
}
