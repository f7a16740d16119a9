/** How the connection stands, for whoever looks at it. */

import type { Transport } from "./channel.ts";
import type { GroundwireError } from "./errors.ts";

/**
 * `connecting`: never been live yet. `live`: the server answers. `reconnecting`: was live, is
 * trying again. `offline`: several tries failed, still trying at growing intervals.
 * `closed`: not trying; see `reason`.
 */
export type ConnectionState = "connecting" | "live" | "reconnecting" | "offline" | "closed";

export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** The way that is open, or is tried. */
  readonly transport: Transport;
  /** When the next try comes, in the milliseconds of `Date.now()`. */
  readonly retryAt: number | null;
  /** Why it is closed or could not open. */
  readonly reason: GroundwireError | null;
}
