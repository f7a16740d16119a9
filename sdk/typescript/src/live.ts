/** A log that is followed into a view: what conversations and workspaces have in common. */

import type { Attachment } from "./channel.ts";
import type { Connection } from "./connection.ts";
import type { GroundwireError } from "./errors.ts";
import { placeOf } from "./state.ts";
import type { Frame, Ready } from "./wire.ts";

export abstract class Live<View extends object> implements Attachment {
  readonly field: Attachment["field"];
  readonly id: string;
  protected readonly connection: Connection;
  /** The log's lifetime; `undefined` until what comes next is known to follow what is there. */
  protected epoch: string | undefined;
  /** Everything up to here is folded. */
  protected seq = 0;
  #view: View;
  #mending = false;
  #watchers = new Set<(view: View) => void>();
  #detach: () => void;

  constructor(connection: Connection, field: Attachment["field"], id: string, view: View) {
    this.connection = connection;
    this.field = field;
    this.id = id;
    this.#view = view;
    this.#detach = connection.attach(this);
  }

  get view(): View {
    return this.#view;
  }

  /** Call `watcher` now and at every change. Returns what ends it. */
  subscribe(watcher: (view: View) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#view);
    return () => this.#watchers.delete(watcher);
  }

  close(): void {
    this.#detach();
    this.#watchers.clear();
  }

  cursor(): string | undefined {
    return this.epoch === undefined ? undefined : `${this.epoch}:${this.seq}`;
  }

  receive(frame: Frame): void {
    if (frame.type === "ready") {
      this.#mending = false;
      this.onReady(frame as unknown as Ready);
    } else if (frame.seq !== undefined && this.epoch !== undefined && !this.#mending) {
      const place = placeOf(frame, this.seq);
      if (place === "gap") this.mend();
      if (place !== "next") return;
      this.seq = frame.seq;
      this.onEvent(frame);
    }
  }

  expect(seq: number): void {
    if (this.epoch !== undefined && seq > this.seq && !this.#mending) this.mend();
  }

  abstract refuse(error: GroundwireError): void;

  interrupt(_error?: GroundwireError): void {
    this.#mending = false;
  }

  /** Where it stands, before its events. */
  protected abstract onReady(ready: Ready): void;

  /** The next event, each once. */
  protected abstract onEvent(event: Frame): void;

  /** Events are missing: read again from the last one that was folded. */
  protected mend(): void {
    this.#mending = true;
    this.connection.reattach(this);
  }

  /** What follows from a change, before anybody is told of it. */
  protected onChange(): void {}

  protected change(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change };
    this.onChange();
    for (const watcher of this.#watchers) watcher(this.#view);
  }
}
