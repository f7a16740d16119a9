import type { Failure } from "./wire.ts";

/**
 * What went wrong, told by the server: `code` for programs, `message` for people.
 *
 * `status` is the HTTP status of a request, `undefined` for an answer over the socket.
 */
export class GroundwireError extends Error implements Failure {
  readonly code: string;
  readonly retryable: boolean;
  readonly status: number | undefined;

  constructor(failure: Failure, status?: number) {
    super(failure.message);
    this.name = "GroundwireError";
    this.code = failure.code;
    this.retryable = failure.retryable;
    this.status = status;
  }
}

/** The server could not be reached at all: it is stopped, or the network is gone. */
export class Unreachable extends GroundwireError {
  constructor() {
    super({ code: "unreachable", message: "The server cannot be reached.", retryable: true });
    this.name = "Unreachable";
  }
}
