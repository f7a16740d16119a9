import { failureOf } from "./state.ts";
import type { Failure, Frame, Json } from "./wire.ts";

/** The codes of the server's errors, and ours: `closed`, `unreachable`, `steer_failed`. */
export type ErrorCode =
  | "approval_expired"
  | "bad_json"
  | "busy"
  | "closed"
  | "conflict"
  | "connection_limit"
  | "context_overflow"
  | "feed_failed"
  | "forbidden"
  | "gone"
  | "idempotency_conflict"
  | "idle"
  | "internal"
  | "interrupted"
  | "invalid_field"
  | "model_unavailable"
  | "not_found"
  | "overloaded"
  | "queue_full"
  | "rate_limited"
  | "retrieval_failed"
  | "slow_reader"
  | "steer_failed"
  | "token_expired"
  | "too_large"
  | "tool_failed"
  | "unauthorized"
  | "unknown_model"
  | "unknown_type"
  | "unreachable"
  | "unreadable_document"
  | "unrecoverable_cursor"
  | "unsupported_version"
  | "upstream_timeout"
  | "worker_lost";

/**
 * What went wrong, told by the server: `code` for programs, `message` for people.
 *
 * `status` is the HTTP status of a request, `undefined` for an answer over the socket; a code may
 * be one that a newer server has. `retryAfterMs` is how long to wait, if the server says so.
 */
export class GroundwireError extends Error implements Failure {
  readonly code: ErrorCode | (string & {});
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly status: number | undefined;
  /** What else the server tells: the field that is wrong, the limit that was met. */
  readonly detail: Json;

  constructor(failure: Failure, status?: number, detail: Json = {}) {
    super(String(failure.message));
    this.name = "GroundwireError";
    this.code = String(failure.code);
    this.retryable = failure.retryable;
    this.retryAfterMs = failure.retryAfterMs ?? null;
    this.status = status;
    this.detail = detail;
  }
}

/** The server could not be reached at all: it is stopped, or the network is gone. */
export class Unreachable extends GroundwireError {
  constructor() {
    super({ code: "unreachable", message: "The server cannot be reached.", retryable: true });
  }
}

/** What was asked of a connection that was closed, or is closed now. */
export class Closed extends GroundwireError {
  constructor() {
    super({ code: "closed", message: "The connection was closed.", retryable: false });
  }
}

/** A correction whose turn ended before it could be applied; its text is given back. */
export class SteerFailed extends GroundwireError {
  constructor(reason: unknown) {
    const message = "The answer ended first.";
    super({ code: "steer_failed", message, retryable: false }, undefined, { reason });
  }
}

/** The error that an `error` frame tells. */
export function errorOf(frame: Frame): GroundwireError {
  const { detail, retryAfterMs } = frame as { detail?: Json; retryAfterMs?: number };
  const failure = { ...failureOf(frame as unknown as Failure), retryAfterMs: retryAfterMs ?? null };
  return new GroundwireError(failure, undefined, detail);
}
