/** What lies on the reader's desk: a workspace, its documents, its conversations, and one open. */

import {
  type ConversationInfo,
  type ConversationView,
  type Filter,
  GroundwireError,
  type LiveConversation,
  type Models,
  type Workspace,
} from "@groundwire/client";
import type { LiveWorkspace, Order, WorkspaceView } from "@groundwire/client/knowledge";
import { Followed } from "./followed.svelte.ts";
import { handOver } from "./limit.svelte.ts";
import { recall, remember } from "./memory.ts";
import { place } from "./route.svelte.ts";
import { knowledge, server } from "./server.ts";

/** What the side panel shows. */
export type Panel =
  | { readonly kind: "documents" }
  | { readonly kind: "feeds" }
  | { readonly kind: "source"; readonly messageId: string; readonly n: number };

class Desk {
  workspaces = $state.raw<readonly Workspace[]>([]);
  conversations = $state.raw<readonly ConversationInfo[]>([]);
  models = $state.raw<Models>({ models: [] });
  panel = $state.raw<Panel | null>(null);
  /** The last thing that did not work, until it is dismissed. */
  problem = $state.raw<GroundwireError | null>(null);
  sidebarOpen = $state(false);
  #workspace = $state.raw<Followed<LiveWorkspace, WorkspaceView> | null>(null);
  #conversation = $state.raw<Followed<LiveConversation, ConversationView> | null>(null);

  get workspace(): Workspace | null {
    const id = this.#workspace?.live.id;
    return this.workspaces.find((workspace) => workspace.id === id) ?? null;
  }

  get documents(): WorkspaceView | null {
    return this.#workspace?.view ?? null;
  }

  get conversation(): ConversationView | null {
    return this.#conversation?.view ?? null;
  }

  get live(): LiveConversation | null {
    return this.#conversation?.live ?? null;
  }

  /** Load what every workspace shares, and open the one that was open last. */
  async open(): Promise<void> {
    await this.attempt(async () => {
      const [workspaces, models] = await Promise.all([
        server.rest.workspaces(),
        server.rest.models().catch((): Models => ({ models: [] })),
      ]);
      this.workspaces =
        workspaces.length > 0 ? workspaces : [await server.rest.createWorkspace("Groundwire")];
      this.models = models;
      if (place.route.workspaceId === null) place.replace(this.#home());
      this.show();
    });
  }

  /** Bring the desk to where the address says. */
  show(): void {
    const { workspaceId, conversationId } = place.route;
    const known = this.workspaces.some((workspace) => workspace.id === workspaceId);
    if (this.workspaces.length === 0) return;
    if (!known) return place.replace(this.#home());
    if (workspaceId !== null) this.#showWorkspace(workspaceId);
    this.#showConversation(conversationId);
  }

  close(): void {
    this.#workspace?.close();
    this.#conversation?.close();
    this.#workspace = null;
    this.#conversation = null;
    this.panel = null;
    this.conversations = [];
    this.workspaces = [];
  }

  /** Ask in the open conversation what follows `parentId` (an answer), or begin one. */
  async ask(
    content: string,
    model: string | undefined,
    parentId: string | undefined,
    filter: Filter | undefined,
  ): Promise<void> {
    await this.attempt(async () => {
      const workspaceId = this.#workspace?.live.id;
      if (workspaceId === undefined) return;
      if (!this.#conversation) {
        const id = await server.rest.createConversation(workspaceId);
        handOver(workspaceId, id);
        this.#showConversation(id);
        place.replace(workspaceId, id);
      }
      await this.live?.ask(content, { workspaceId, model, parentId, filter });
      await this.refreshConversations();
    });
  }

  async refreshConversations(): Promise<void> {
    const id = this.#workspace?.live.id;
    if (id === undefined) return;
    const conversations = await server.rest.conversations(id);
    if (this.#workspace?.live.id === id) this.conversations = conversations;
  }

  async createWorkspace(name: string): Promise<void> {
    await this.attempt(async () => {
      const workspace = await server.rest.createWorkspace(name);
      this.workspaces = [...this.workspaces, workspace];
      place.go(workspace.id);
    });
  }

  async changeWorkspace(id: string, change: { name?: string; model?: string }): Promise<void> {
    await this.attempt(async () => {
      await server.rest.changeWorkspace(id, change);
      this.workspaces = this.workspaces.map((one) => (one.id === id ? { ...one, ...change } : one));
    });
  }

  async renameConversation(id: string, title: string): Promise<void> {
    await this.attempt(async () => {
      await server.rest.renameConversation(id, title);
      await this.refreshConversations();
    });
  }

  async deleteConversation(id: string): Promise<void> {
    await this.attempt(async () => {
      await server.rest.deleteConversation(id);
      if (this.live?.id === id) place.replace(this.#workspace?.live.id ?? null);
      await this.refreshConversations();
    });
  }

  async order(documentId: string, order: Order): Promise<void> {
    await this.attempt(() => knowledge.order(documentId, order));
  }

  async orderBatch(batch: string, order: Order): Promise<void> {
    const id = this.#workspace?.live.id;
    if (id !== undefined) await this.attempt(() => knowledge.orderBatch(id, batch, order));
  }

  async deleteDocument(id: string): Promise<void> {
    await this.attempt(() => knowledge.deleteDocument(id));
  }

  /** Have the feeds of the workspace in its view; once more, they are read again. */
  async followFeeds(): Promise<void> {
    await this.attempt(async () => this.#workspace?.live.followFeeds());
  }

  async changeFeed(id: string, change: { paused: boolean }): Promise<void> {
    await this.attempt(() => knowledge.changeFeed(id, change));
  }

  async syncFeed(id: string): Promise<void> {
    await this.attempt(() => knowledge.syncFeed(id));
  }

  async deleteFeed(id: string, documents: "keep" | "remove"): Promise<void> {
    await this.attempt(() => knowledge.deleteFeed(id, documents));
  }

  /** Do it; what goes wrong is told in `problem`. */
  async attempt(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof GroundwireError)) throw error;
      this.problem = error;
    }
  }

  #home(): string | null {
    const last = recall("workspace");
    const known = this.workspaces.find((workspace) => workspace.id === last);
    return (known ?? this.workspaces[0])?.id ?? null;
  }

  #showWorkspace(id: string): void {
    if (this.#workspace?.live.id === id) return;
    // What was opened while the first workspace was still being loaded stays open.
    if (this.#workspace) this.panel = null;
    this.#workspace?.close();
    this.#workspace = new Followed(knowledge.attachWorkspace(id));
    this.conversations = [];
    remember("workspace", id);
    void this.attempt(() => this.refreshConversations());
  }

  #showConversation(id: string | null): void {
    if ((this.live?.id ?? null) === id) return;
    this.#conversation?.close();
    this.#conversation = id === null ? null : new Followed(server.conversation(id));
    if (this.panel?.kind === "source") this.panel = null;
    this.sidebarOpen = false;
  }
}

export const desk = new Desk();
