/** Who else is in a conversation: what the other connections say of themselves. */

import type { Frame } from "./wire.ts";

/** Another connection of the conversation: another tab, or another device. */
export interface Device {
  readonly connectionId: string;
  readonly principal: string;
  readonly state: "online" | "away";
  readonly isTyping: boolean;
  /** Up to which event everything was seen there; 0 if that is not known. */
  readonly seq: number;
}

/** Who has not been told to type for so long has stopped. */
const TYPING_MS = 5_000;

export class Devices {
  #devices = new Map<string, Device>();
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #changed: (devices: readonly Device[]) => void;

  constructor(changed: (devices: readonly Device[]) => void) {
    this.#changed = changed;
  }

  /** Take what a device says of itself; `false` for what is none of that. */
  receive(frame: Frame): boolean {
    const id = String(frame["connectionId"]);
    if (frame.type === "presence") {
      if (frame["state"] === "offline") this.#remove(id);
      else this.#put(frame, { state: frame["state"] === "away" ? "away" : "online" });
    } else if (frame.type === "read") this.#put(frame, { seq: Number(frame["upTo"]) });
    else if (frame.type === "typing") {
      this.#put(frame, { isTyping: true, state: "online" });
      clearTimeout(this.#timers.get(id));
      const stop = (): void => {
        if (this.#devices.has(id)) this.#put(frame, { isTyping: false });
      };
      this.#timers.set(id, setTimeout(stop, TYPING_MS));
    } else return false;
    return true;
  }

  /** Nobody is known to be there: the connection that told is gone. */
  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    if (this.#devices.size === 0) return;
    this.#devices.clear();
    this.#changed([]);
  }

  #put(frame: Frame, change: Partial<Device>): void {
    const connectionId = String(frame["connectionId"]);
    const known = this.#devices.get(connectionId) ?? {
      connectionId,
      principal: String(frame["principal"] ?? ""),
      state: "online",
      isTyping: false,
      seq: 0,
    };
    this.#devices.set(connectionId, { ...known, ...change });
    this.#changed([...this.#devices.values()]);
  }

  #remove(id: string): void {
    clearTimeout(this.#timers.get(id));
    if (this.#devices.delete(id)) this.#changed([...this.#devices.values()]);
  }
}
