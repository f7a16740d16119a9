/** Requests to the server, with whoever asks. Every call throws `GroundwireError`. */

import { GroundwireError, Unreachable } from "./errors.ts";
import type { Failure, Json } from "./wire.ts";

export interface HttpOptions {
  /** Where the server is, without a path; empty for the page's own. */
  readonly baseUrl?: string;
  /**
   * A JWT or an API key; a page that signed in needs none. A function is asked for the first one,
   * and for a fresh one when the server says that a token has expired or will soon.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** The platform's own by default. */
  readonly fetch?: typeof fetch;
  /**
   * Called with all that the server says about conversations, before it is taken: frames, pages of
   * a long-poll, answers to commands that were posted. For logs and recordings.
   */
  readonly observe?: (said: object) => void;
}

export class Http {
  readonly #options: HttpOptions;
  #token: Promise<string> | undefined;

  constructor(options: HttpOptions = {}) {
    this.#options = options;
  }

  observe(said: object): void {
    this.#options.observe?.(said);
  }

  /** Where the server is, without a path. */
  get origin(): string {
    return this.#options.baseUrl || globalThis.location?.origin || "";
  }

  /** Whether there is somebody to ask for a fresh token. */
  get canRenew(): boolean {
    return typeof this.#options.token === "function";
  }

  /** The address of a resource under `/api/v1`. */
  url(path: string): string {
    return `${this.#options.baseUrl ?? ""}/api/v1${path}`;
  }

  /** The token that requests carry; `undefined` if there is none. */
  async token(): Promise<string | undefined> {
    const { token } = this.#options;
    if (typeof token !== "function") return token;
    this.#token ??= Promise.resolve(token());
    try {
      return await this.#token;
    } catch (error) {
      this.#token = undefined;
      throw error instanceof GroundwireError ? error : new Unreachable();
    }
  }

  /** Ask for a fresh token the next time one is needed. */
  renew(): void {
    this.#token = undefined;
  }

  /** Make a request, and return what the server answers, read as JSON. */
  async call<Result>(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Result> {
    const response = await this.#request(method, path, "application/json", body, signal);
    const text = await textOf(response);
    try {
      return (text === "" ? undefined : JSON.parse(text)) as Result;
    } catch {
      throw problem(response.status, text);
    }
  }

  /** Open a stream of events. */
  stream(path: string, signal: AbortSignal): Promise<Response> {
    return this.#request("GET", path, "text/event-stream", undefined, signal);
  }

  async #request(
    method: string,
    path: string,
    accept: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    for (let isFirst = true; ; isFirst = false) {
      const response = await this.#send(method, path, accept, body, signal);
      if (response.ok) return response;
      const error = problem(response.status, await textOf(response));
      if (response.status !== 401 || !this.canRenew || !isFirst) throw error;
      this.renew();
    }
  }

  async #send(
    method: string,
    path: string,
    accept: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const token = await this.token();
    const headers: Record<string, string> = { accept };
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    const init: RequestInit = { method, headers };
    if (signal) init.signal = signal;
    if (typeof FormData !== "undefined" && body instanceof FormData) init.body = body;
    else if (body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    // Called as a function of nobody's: browsers refuse a `fetch` that is another object's.
    const { fetch = globalThis.fetch } = this.#options;
    return fetch(this.url(path), init).catch(() => {
      throw new Unreachable();
    });
  }
}

/** An id within an address. */
export function part(id: string): string {
  return encodeURIComponent(id);
}

async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch {
    throw new Unreachable();
  }
}

/** The error of a problem document (RFC 9457), or of whatever else came instead. */
function problem(status: number, text: string): GroundwireError {
  let told: Json = {};
  try {
    told = (JSON.parse(text) ?? {}) as Json;
  } catch {
    // A proxy's page of HTML, most likely: the status has to do.
  }
  const message = told["detail"] ?? told["title"] ?? `The server answered ${status}.`;
  const failure: object = { code: `http_${status}`, retryable: status >= 500, ...told, message };
  return new GroundwireError(failure as Failure, status, told);
}
