import { Connection, type Socket } from "./connection.ts";
import { LiveConversation } from "./conversation.ts";
import { Rest, type RestOptions } from "./rest.ts";
import { LiveWorkspace } from "./workspace.ts";

export interface GroundwireOptions extends RestOptions {
  /** How a WebSocket is opened; the platform's own by default. */
  readonly openSocket?: (url: string) => Socket;
}

/** A server, its resources (`rest`) and the one connection that all conversations share. */
export class Groundwire {
  readonly rest: Rest;
  readonly connection: Connection;

  constructor(options: GroundwireOptions = {}) {
    this.rest = new Rest(options);
    this.connection = new Connection({
      // A ticket lives for seconds and once, so that no lasting secret is ever in an address.
      address: async () => streamUrl(options.baseUrl, await this.rest.ticket()),
      ...(options.openSocket === undefined ? {} : { open: options.openSocket }),
    });
  }

  connect(): void {
    this.connection.start();
  }

  close(): void {
    this.connection.stop();
  }

  /** Follow a conversation, until its `close()`. */
  conversation(id: string): LiveConversation {
    return new LiveConversation(this.connection, id);
  }

  /** Follow a workspace's documents, until `close()`. */
  attachWorkspace(id: string): LiveWorkspace {
    return new LiveWorkspace(this.connection, id, () => this.rest.documents(id));
  }
}

function streamUrl(baseUrl: string | undefined, ticket: string): string {
  const url = new URL("/api/v1/chat/stream", baseUrl || globalThis.location?.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("ticket", ticket);
  return url.href;
}
