/** Documents, what they are found by, and where they come from. Every call throws `GroundwireError`. */

import type { Groundwire } from "../client.ts";
import { type Http, part } from "../http.ts";
import { type DocumentInfo, documentInfo } from "./documents.ts";
import { LiveWorkspace } from "./workspace.ts";

export interface Uploaded {
  readonly id?: string | null;
  readonly title?: string | null;
  readonly status?: string;
  readonly error?: {
    readonly code?: string;
    readonly message?: string;
    readonly detail?: string;
  } | null;
}

export interface FoundPassage {
  readonly text: string;
  readonly documentId: string;
  readonly title: string;
  readonly page?: number | null;
  readonly score: number;
}

export type Order = "pause" | "resume" | "cancel" | "retry";

export class Knowledge {
  readonly #http: Http;
  readonly #connection: Groundwire["connection"];

  /** Of the server that `groundwire` is of, over its connection. */
  constructor({ http, connection }: Pick<Groundwire, "http" | "connection">) {
    this.#http = http;
    this.#connection = connection;
  }

  /** Follow a workspace's documents, until `close()`. */
  attachWorkspace(id: string): LiveWorkspace {
    return new LiveWorkspace(this.#connection, id, () => this.documents(id));
  }

  async documents(workspaceId: string): Promise<readonly DocumentInfo[]> {
    const path = `/workspaces/${part(workspaceId)}/documents`;
    const { documents } = await this.#call<{ documents: DocumentInfo[] }>("GET", path);
    return documents.map(documentInfo);
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

  async search(workspaceId: string, query: string, limit = 8): Promise<readonly FoundPassage[]> {
    const path = `/workspaces/${part(workspaceId)}/search`;
    const found = await this.#call<{ passages: FoundPassage[] }>("POST", path, { query, limit });
    return found.passages;
  }

  #call<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    return this.#http.call(method, path, body);
  }
}
