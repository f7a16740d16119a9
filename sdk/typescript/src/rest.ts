/** The resources under `/api/v1`. Every call throws `GroundwireError`. */

import { Http, type HttpOptions, part } from "./http.ts";
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
