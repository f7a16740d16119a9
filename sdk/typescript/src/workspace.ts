/** A workspace's documents, kept current by the workspace's own log. */

import type { Attachment } from "./channel.ts";
import type { Connection } from "./connection.ts";
import { type DocumentInfo, foldDocuments } from "./documents.ts";
import { GroundwireError } from "./errors.ts";
import { placeOf } from "./state.ts";
import type { Frame, Ready } from "./wire.ts";

export interface WorkspaceView {
  readonly documents: readonly DocumentInfo[];
  readonly loaded: boolean;
  readonly refusal: GroundwireError | null;
}

export class LiveWorkspace implements Attachment {
  readonly field = "workspaceId";
  readonly id: string;
  #connection: Connection;
  #list: () => Promise<readonly DocumentInfo[]>;
  #view: WorkspaceView = { documents: [], loaded: false, refusal: null };
  #epoch: string | undefined;
  #seq = 0;
  #loading = false;
  #waiting: Frame[] = [];
  #watchers = new Set<(view: WorkspaceView) => void>();
  #detach: () => void;

  /** `list` reads the documents as they are now. */
  constructor(connection: Connection, id: string, list: () => Promise<readonly DocumentInfo[]>) {
    this.#connection = connection;
    this.id = id;
    this.#list = list;
    this.#detach = connection.attach(this);
  }

  get view(): WorkspaceView {
    return this.#view;
  }

  /** Call `watcher` now and at every change. Returns what ends it. */
  subscribe(watcher: (view: WorkspaceView) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#view);
    return () => this.#watchers.delete(watcher);
  }

  close(): void {
    this.#detach();
    this.#watchers.clear();
  }

  cursor(): string | undefined {
    return this.#epoch === undefined ? undefined : `${this.#epoch}:${this.#seq}`;
  }

  receive(frame: Frame): void {
    if (frame.type === "ready") this.#onReady(frame as unknown as Ready);
    else if (frame.seq !== undefined) this.#onEvent(frame);
  }

  expect(seq: number): void {
    if (this.#epoch !== undefined && seq > this.#seq) this.#connection.reattach(this);
  }

  refuse(error: GroundwireError): void {
    this.#change({ refusal: error });
  }

  interrupt(): void {
    this.#waiting = [];
  }

  #onReady(ready: Ready): void {
    if (!ready.resumed) {
      // The list is read after this position is known, so that it holds at least all of it;
      // what the log then repeats sets the same fields once more.
      this.#seq = ready.head;
      void this.#load();
    }
    this.#epoch = ready.epoch;
  }

  async #load(): Promise<void> {
    this.#loading = true;
    try {
      const documents = await this.#list();
      this.#change({ documents, loaded: true, refusal: null });
    } catch (error) {
      this.#epoch = undefined;
      if (error instanceof GroundwireError) this.#change({ refusal: error });
    } finally {
      this.#loading = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const event of waiting) this.#onEvent(event);
    }
  }

  #onEvent(event: Frame): void {
    if (this.#loading) {
      this.#waiting.push(event);
      return;
    }
    const place = placeOf(event, this.#seq);
    if (this.#epoch === undefined || place === "old") return;
    if (place === "gap") return this.#connection.reattach(this);
    this.#seq = event.seq ?? this.#seq;
    this.#change({ documents: foldDocuments(this.#view.documents, event) });
  }

  #change(change: Partial<WorkspaceView>): void {
    this.#view = { ...this.#view, ...change };
    for (const watcher of this.#watchers) watcher(this.#view);
  }
}
