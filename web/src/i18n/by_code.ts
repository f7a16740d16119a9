/** What the server says in English, by its code in the reader's language. Pure. */

import type { GroundwireError } from "@groundwire/client";
import type { Texts } from "./en.ts";

/** The sentence for `code` in `words`; the server's own where there is none. */
export function byCode(
  words: Readonly<Record<string, string>>,
  code: string | null,
  sentence: string | null,
): string | null {
  return (code !== null && words[code]) || sentence;
}

/** What did not work: by its reason, where the error has one, or its code. */
export function whatFailed(texts: Texts, error: GroundwireError): string {
  const { reason } = error.detail as { reason?: string };
  const [words, code] =
    error.code === "feed_failed"
      ? [texts.feedReasons, reason]
      : error.code === "unreadable_document"
        ? [texts.documentReasons, reason]
        : [texts.problems, error.code];
  return byCode(words, code ?? null, null) ?? error.message;
}
