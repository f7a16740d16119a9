/** One way to the server while it is open, whichever it is: the seam below the connection. */

import { type GroundwireError, Unreachable } from "./errors.ts";
import type { Command, Ephemeral, Frame } from "./wire.ts";

/** How frames travel: the best way first. */
export type Transport = "websocket" | "sse" | "poll";

/** A log that the connection follows. The connection routes frames; the attachment folds them. */
export interface Attachment {
  readonly field: "sessionId" | "workspaceId";
  readonly id: string;
  /** Where to go on, or `undefined` for the snapshot. Asked at every (re)connect. */
  cursor(): string | undefined;
  receive(frame: Frame): void;
  /** Everything up to `seq` was sent: what is not here by now was lost on the way. */
  expect(seq: number): void;
  refuse(error: GroundwireError): void;
  /**
   * The connection is gone; nothing comes until the next `ready`. With an `error` there is none
   * to come, unless somebody starts the connection again.
   */
  interrupt(error?: GroundwireError): void;
}

export type Sent = (Command | Ephemeral) & { readonly id: string };

/** Opens when it is made, and tells its `Receiver` how it goes until `close`. */
export interface Channel {
  readonly transport: Transport;
  /** Follow a log from its cursor, anew if it is followed already. */
  attach(attachment: Attachment): void;
  detach(attachment: Attachment): void;
  send(frame: Sent): void;
  /** Look whether the server is still there: say so, or be `lost`, soon. */
  probe(): void;
  /** A fresh token is there to be shown. */
  renew(token: string): void;
  close(): void;
}

export interface Receiver {
  /** The server is there and knows who asks: attach and send. */
  open(): void;
  receive(frame: Frame): void;
  /** A log cannot be followed any more; the others can. */
  refuse(attachment: Attachment, error: GroundwireError): void;
  /**
   * The way is closed, or did not open. `told`: the server said why, so that no other way would
   * be better.
   */
  lost(error: GroundwireError, told: boolean): void;
}

/** The server says something each 30 s or less; a silence of that and half again is its end. */
export const SILENCE_MS = 45_000;

/** The key of an attachment, which is also the id of the frame that asks for it. */
export function keyOf(field: Attachment["field"], id: string): string {
  return `${field === "sessionId" ? "c" : "w"}/${id}`;
}

/** What `promise` gives, or `Unreachable` after `ms`. */
export function within<Result>(ms: number, promise: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unreachable()), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
