/** Files on their way to the server. Once there, the workspace's log tells how they go on. */

import { GroundwireError } from "@groundwire/client";
import { knowledge } from "./server.ts";

export interface Upload {
  readonly key: number;
  readonly workspaceId: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** What was dropped together stays together. */
  readonly batch: string;
  /** Why it was not taken; `null` while it is on its way. */
  readonly reason: string | null;
  readonly reasonCode: string | null;
}

/** More at once would only share the same line. */
const AT_ONCE = 3;

class Uploads {
  list = $state.raw<readonly Upload[]>([]);
  #nextKey = 0;
  #waiting: { upload: Upload; file: File }[] = [];
  #running = 0;

  add(workspaceId: string, files: Iterable<File>): void {
    // `crypto.randomUUID` is not there on a page that came by plain HTTP.
    const batch = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    for (const file of files) {
      this.#nextKey += 1;
      const upload: Upload = {
        key: this.#nextKey,
        workspaceId,
        name: file.name,
        sizeBytes: file.size,
        batch,
        reason: null,
        reasonCode: null,
      };
      this.list = [...this.list, upload];
      this.#waiting.push({ upload, file });
    }
    this.#pump();
  }

  dismiss(key: number): void {
    this.list = this.list.filter((upload) => upload.key !== key);
  }

  #pump(): void {
    while (this.#running < AT_ONCE) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#running += 1;
      void this.#send(next.upload, next.file).finally(() => {
        this.#running -= 1;
        this.#pump();
      });
    }
  }

  async #send(upload: Upload, file: File): Promise<void> {
    try {
      const [answer] = await knowledge.upload(upload.workspaceId, [file], upload.batch);
      if (answer?.id === null) this.#fail(upload, answer.reason ?? "", answer.reasonCode);
      else this.dismiss(upload.key);
    } catch (error) {
      if (!(error instanceof GroundwireError)) return this.#fail(upload, String(error), null);
      const { reason = error.code } = error.detail as { reason?: string };
      this.#fail(upload, error.message, reason);
    }
  }

  #fail(upload: Upload, reason: string, reasonCode: string | null): void {
    this.list = this.list.map((one) =>
      one.key === upload.key ? { ...one, reason, reasonCode } : one,
    );
  }
}

export const uploads = new Uploads();
