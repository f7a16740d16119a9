/** The way over plain HTTP: a stream or polls for each log that is followed, a POST per command. */

import type { Attachment, Channel, Receiver, Sent, Transport } from "./channel.ts";
import { within } from "./channel.ts";
import { GroundwireError, Unreachable } from "./errors.ts";
import type { Http } from "./http.ts";
import type { Frame } from "./wire.ts";

export interface HttpChannelOptions {
  readonly http: Http;
  /** How long the first frame may take. */
  readonly openMs: number;
}

/** One log, and where its frames go. */
export interface Following extends HttpChannelOptions {
  /** The log's address under `/api/v1`. */
  readonly path: string;
  readonly attachment: Attachment;
  readonly signal: AbortSignal;
  deliver(frame: Frame): void;
}

/** Deliver a log's frames until `signal` or the server ends it. Throws `GroundwireError`. */
export type Follow = (following: Following) => Promise<void>;

const POST_MS = 30_000;
/** When to look again whether somebody has begun a conversation that was not there. */
const UNBEGUN_MS = 5_000;
/** The epoch of a log that is not there yet. */
const UNBEGUN = "none";
/** Of one log: it is gone, or not for us, whichever way it is asked for. */
const REFUSALS = new Set(["forbidden", "not_found", "gone"]);

export class HttpChannel implements Channel {
  readonly transport: Transport;
  #options: HttpChannelOptions;
  #follow: Follow;
  #receiver: Receiver;
  #following = new Map<Attachment, AbortController>();
  #unbegun = new Map<string, Attachment>();
  #ending = new AbortController();
  #posted: Promise<void> = Promise.resolve();

  /** `proof` is a log that has to arrive before the way counts as open. */
  constructor(
    transport: Transport,
    options: HttpChannelOptions,
    follow: Follow,
    receiver: Receiver,
    proof?: Attachment,
  ) {
    this.transport = transport;
    this.#options = options;
    this.#follow = follow;
    this.#receiver = receiver;
    void this.#open(proof);
  }

  attach(attachment: Attachment): void {
    this.detach(attachment);
    this.#unbegun.delete(attachment.id);
    const ending = new AbortController();
    this.#following.set(attachment, ending);
    void this.#run(attachment, ending);
  }

  detach(attachment: Attachment): void {
    this.#following.get(attachment)?.abort();
    this.#following.delete(attachment);
  }

  send(frame: Sent): void {
    // One after the other: two quick questions are asked in their order.
    this.#posted = this.#posted.then(() => this.#post(frame));
  }

  /** Open each stream anew: one that died while the page slept would be silent for long. */
  probe(): void {
    for (const attachment of [...this.#following.keys()]) this.attach(attachment);
  }

  renew(): void {
    this.probe();
  }

  close(): void {
    this.#ending.abort();
    for (const attachment of [...this.#following.keys()]) this.detach(attachment);
  }

  async #open(proof: Attachment | undefined): Promise<void> {
    const { signal } = this.#ending;
    try {
      await within(this.#options.openMs, this.#options.http.call("GET", "/me", undefined, signal));
      if (proof) await this.#prove(proof);
      if (!signal.aborted) this.#receiver.open();
    } catch (error) {
      this.#lose(error, proof === undefined);
    }
  }

  #prove(attachment: Attachment): Promise<void> {
    const ending = new AbortController();
    const arrived = new Promise<void>((resolve, reject) => {
      const following = this.#followingOf(attachment, ending.signal, () => resolve());
      this.#follow(following).then(resolve, reject);
    });
    return within(this.#options.openMs, arrived).finally(() => ending.abort());
  }

  async #run(attachment: Attachment, ending: AbortController): Promise<void> {
    const { signal } = ending;
    const deliver = (frame: Frame): void => {
      if (!signal.aborted) this.#deliver(attachment, frame);
    };
    try {
      await this.#follow(this.#followingOf(attachment, signal, deliver));
      if (!signal.aborted) this.#lose(new Unreachable());
    } catch (error) {
      if (signal.aborted) return;
      if (isUnbegun(attachment, error)) this.#expect(attachment, ending);
      else if (error instanceof GroundwireError && REFUSALS.has(error.code)) {
        this.detach(attachment);
        this.#receiver.refuse(attachment, error);
      } else this.#lose(error);
    } finally {
      ending.abort();
    }
  }

  /** To read begins no conversation, as it does on a socket: the first question will. */
  #expect(attachment: Attachment, ending: AbortController): void {
    attachment.receive({ type: "ready", epoch: UNBEGUN, head: 0, resumed: false });
    this.#unbegun.set(attachment.id, attachment);
    setTimeout(() => {
      if (this.#following.get(attachment) === ending) this.attach(attachment);
    }, UNBEGUN_MS);
  }

  #followingOf(
    attachment: Attachment,
    signal: AbortSignal,
    deliver: (frame: Frame) => void,
  ): Following {
    return { ...this.#options, path: pathOf(attachment), attachment, signal, deliver };
  }

  #deliver(attachment: Attachment, frame: Frame): void {
    if (frame.type === "reconnect" || frame.type === "auth_expiring") this.#receiver.receive(frame);
    else attachment.receive(frame);
  }

  async #post(frame: Sent): Promise<void> {
    const { signal } = this.#ending;
    if (signal.aborted) return;
    const path = `${conversationPath(frame.sessionId)}/commands`;
    try {
      const answer = await within(
        POST_MS,
        this.#options.http.call<Frame>("POST", path, frame, signal),
      );
      if (signal.aborted) return;
      const begun = this.#unbegun.get(frame.sessionId);
      if (begun && this.#following.has(begun)) this.attach(begun);
      this.#options.http.observe(answer);
      this.#receiver.receive({ ...answer, ref: frame.id });
    } catch (error) {
      if (signal.aborted) return;
      // Whether the server has it is unknown if nobody of ours answered: it is sent again.
      if (!isTold(error) || error.status === 401) return this.#lose(error);
      const { message } = error;
      this.#receiver.receive({ ...error, type: "error", ref: frame.id, message });
    }
  }

  #lose(error: unknown, isBlameless = false): void {
    if (this.#ending.signal.aborted) return;
    this.close();
    const known = error instanceof GroundwireError ? error : new Unreachable();
    this.#receiver.lost(known, isBlameless || isTold(error));
  }
}

/** Whether it is a conversation of an invented name that nobody has asked anything in yet. */
function isUnbegun(attachment: Attachment, error: unknown): boolean {
  const { field, id } = attachment;
  const isInvented = field === "sessionId" && !id.startsWith("c_");
  const isKnown = !(attachment.cursor() ?? UNBEGUN).startsWith(UNBEGUN);
  return isInvented && !isKnown && (error as GroundwireError).code === "not_found";
}

/** Whether it was our server that answered, and not a proxy, or nobody. */
function isTold(error: unknown): error is GroundwireError {
  return (
    error instanceof GroundwireError &&
    error.code !== "unreachable" &&
    !error.code.startsWith("http_")
  );
}

export function conversationPath(id: string): string {
  return `/conversations/${encodeURIComponent(id)}`;
}

function pathOf({ field, id }: Attachment): string {
  return field === "sessionId" ? conversationPath(id) : `/workspaces/${encodeURIComponent(id)}`;
}
