/** A log as a stream of server-sent events, read with `fetch`: it can say who asks. */

import { SILENCE_MS, within } from "./channel.ts";
import { errorOf } from "./errors.ts";
import type { Follow } from "./over_http.ts";
import { parseFrame } from "./wire.ts";

export const followStream: Follow = async (following) => {
  const { http, path, openMs, attachment, signal, deliver } = following;
  const cursor = attachment.cursor();
  const query = cursor === undefined ? "" : `?cursor=${encodeURIComponent(cursor)}`;
  const response = await within(openMs, http.stream(`${path}/events${query}`, signal));
  const reader = response.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  const events = new EventReader();
  // The first event comes at once; later the server says at least a comment each 15 s.
  for (let patience = openMs; ; patience = SILENCE_MS) {
    const { done, value } = await within(patience, reader.read());
    if (done || signal.aborted) return;
    for (const data of events.read(decoder.decode(value, { stream: true }))) {
      const frame = parseFrame(data);
      if (frame) http.observe(frame);
      if (frame?.type === "error" && frame.seq === undefined) throw errorOf(frame);
      if (frame) deliver(frame);
    }
  }
};

/**
 * Cuts a stream of server-sent events into the data of each event (WHATWG HTML, 9.2.6).
 *
 * An event's name and id are in its data as well, so they are passed over.
 */
export class EventReader {
  #rest = "";
  #data: string[] = [];

  /** The data of the events that `text`, however it is cut, completes. */
  read(text: string): string[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    const complete: string[] = [];
    for (const line of lines) {
      if (line.startsWith("data:")) this.#data.push(line.slice(5).replace(/^ /, ""));
      else if (line === "" && this.#data.length > 0) {
        complete.push(this.#data.join("\n"));
        this.#data = [];
      }
    }
    return complete;
  }
}
