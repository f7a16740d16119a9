/** The resources under `/api/v1`. Every call throws `GroundwireError`. */

import { type DocumentInfo, documentInfo } from "./documents.ts";
import { Http, type HttpOptions } from "./http.ts";
import type { MessagePage, Snapshot } from "./wire.ts";

export interface Entrance {
  readonly needed: boolean;
  readonly signedIn: boolean;
}

export interface Principal {
  readonly id: string;
  readonly name: string;
  readonly role?: Role;
}

export type Role = "reader" | "editor" | "owner";

/** An API key as it is listed; the key itself was shown when it was made, and never again. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
}

export interface NewApiKey {
  readonly key: string;
  readonly name: string;
  readonly role: Role;
}

export interface Workspace {
  readonly id: string;
  readonly name: string;
  /** The model that answers here by default; none or `auto` for the best there is. */
  readonly model?: string | null;
  readonly createdAt?: string;
}

export interface ConversationInfo {
  readonly id: string;
  readonly title?: string | null;
  readonly updatedAt?: string | null;
}

export interface Model {
  readonly name: string;
  readonly provider: string;
  /** Whether it was measured to answer from documents reliably. */
  readonly grounded?: boolean | null;
}

export interface Models {
  readonly models: readonly Model[];
  readonly auto?: { readonly name: string; readonly why?: string | null } | null;
}

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

export class Rest {
  readonly #http: Http;

  constructor(http: Http | HttpOptions = {}) {
    this.#http = http instanceof Http ? http : new Http(http);
  }

  /** Whether the owner has yet to be created, and whether the server knows who asks. */
  entrance(): Promise<Entrance> {
    return this.#call("GET", "/setup");
  }

  setup(token: string, name: string, password: string): Promise<unknown> {
    return this.#call("POST", "/setup", { token, name, password });
  }

  login(name: string, password: string): Promise<unknown> {
    return this.#call("POST", "/login", { name, password });
  }

  logout(): Promise<unknown> {
    return this.#call("POST", "/logout");
  }

  async me(): Promise<Principal> {
    return (await this.#call<{ principal: Principal }>("GET", "/me")).principal;
  }

  async ticket(): Promise<string> {
    return (await this.#call<{ ticket: string }>("POST", "/tickets")).ticket;
  }

  async keys(): Promise<readonly ApiKey[]> {
    return (await this.#call<{ keys: ApiKey[] }>("GET", "/keys")).keys;
  }

  /** Make a key that may do no more than `role`. Nobody can read it again later. */
  createKey(name: string, role: Role): Promise<NewApiKey> {
    return this.#call("POST", "/keys", { name, role });
  }

  /** Connections that were made with the key close within seconds. */
  revokeKey(id: string): Promise<unknown> {
    return this.#call("DELETE", `/keys/${part(id)}`);
  }

  async workspaces(): Promise<readonly Workspace[]> {
    return (await this.#call<{ workspaces: Workspace[] }>("GET", "/workspaces")).workspaces;
  }

  createWorkspace(name: string): Promise<Workspace> {
    return this.#call("POST", "/workspaces", { name });
  }

  changeWorkspace(id: string, change: { name?: string; model?: string }): Promise<unknown> {
    return this.#call("PATCH", `/workspaces/${part(id)}`, change);
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

  async conversations(workspaceId: string): Promise<readonly ConversationInfo[]> {
    const path = `/workspaces/${part(workspaceId)}/conversations`;
    return (await this.#call<{ conversations: ConversationInfo[] }>("GET", path)).conversations;
  }

  async createConversation(workspaceId: string): Promise<string> {
    return (await this.#call<{ id: string }>("POST", "/conversations", { workspaceId })).id;
  }

  conversation(id: string): Promise<Snapshot> {
    return this.#call("GET", `/conversations/${part(id)}`);
  }

  /** The messages before `before` (a messageId), the oldest first. */
  messages(conversationId: string, before: string, limit = 50): Promise<MessagePage> {
    const query = `before=${part(before)}&limit=${limit}`;
    return this.#call("GET", `/conversations/${part(conversationId)}/messages?${query}`);
  }

  renameConversation(id: string, title: string): Promise<unknown> {
    return this.#call("PATCH", `/conversations/${part(id)}`, { title });
  }

  deleteConversation(id: string): Promise<unknown> {
    return this.#call("DELETE", `/conversations/${part(id)}`);
  }

  models(): Promise<Models> {
    return this.#call("GET", "/models");
  }

  #call<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    return this.#http.call(method, path, body);
  }
}

function part(id: string): string {
  return encodeURIComponent(id);
}
