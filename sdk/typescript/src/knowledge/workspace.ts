/** A workspace's documents, kept current by the workspace's own log. */

import type { Connection } from "../connection.ts";
import { GroundwireError } from "../errors.ts";
import { Live } from "../live.ts";
import type { Frame, Ready } from "../wire.ts";
import { type DocumentInfo, foldDocuments } from "./documents.ts";

export interface WorkspaceView {
  readonly documents: readonly DocumentInfo[];
  readonly loaded: boolean;
  readonly refusal: GroundwireError | null;
}

export class LiveWorkspace extends Live<WorkspaceView> {
  #list: () => Promise<readonly DocumentInfo[]>;
  /** Events that came while the list was read; `null` if it is not being read. */
  #waiting: Frame[] | null = null;

  /** `list` reads the documents as they are now. */
  constructor(connection: Connection, id: string, list: () => Promise<readonly DocumentInfo[]>) {
    super(connection, "workspaceId", id, { documents: [], loaded: false, refusal: null });
    this.#list = list;
  }

  override refuse(error: GroundwireError): void {
    this.change({ refusal: error });
  }

  protected override onReady(ready: Ready): void {
    this.epoch = ready.epoch;
    if (ready.resumed) return;
    // The list is read after this position is known, so that it holds at least all of it;
    // what the log then repeats sets the same fields once more.
    this.seq = ready.head;
    void this.#load();
  }

  protected override onEvent(event: Frame): void {
    if (this.#waiting) this.#waiting.push(event);
    else this.change({ documents: foldDocuments(this.view.documents, event) });
  }

  async #load(): Promise<void> {
    const waiting: Frame[] = [];
    this.#waiting = waiting;
    try {
      const documents = await this.#list();
      if (this.#waiting !== waiting) return;
      this.#waiting = null;
      const current = waiting.reduce(foldDocuments, documents);
      this.change({ documents: current, loaded: true, refusal: null });
    } catch (error) {
      if (this.#waiting !== waiting) return;
      this.#waiting = null;
      // The next time it begins with the list again.
      this.epoch = undefined;
      if (error instanceof GroundwireError) this.change({ refusal: error });
    }
  }
}
