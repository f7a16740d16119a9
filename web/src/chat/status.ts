import type { Status, Turn } from "@groundwire/client";
import type { Texts } from "../i18n/en.ts";
import type { Language } from "../i18n/index.svelte.ts";

/**
 * What the turn is doing, in the reader's language.
 *
 * The server's sentence says most, but is in the asker's language, who may be another.
 */
export function statusSentence(turn: Turn, texts: Texts, language: Language): string {
  if (isIn(language, turn.msg)) return turn.msg;
  const sentences: Record<Status, string> = {
    queued: texts.statusQueued,
    retrieving: texts.statusRetrieving,
    reranking: texts.statusReranking,
    thinking: texts.statusThinking,
    generating: texts.statusGenerating,
    tool: texts.statusTool,
  };
  return sentences[turn.status] ?? turn.msg;
}

/** Whether a sentence says something, and in that language. */
export function isIn(language: Language, sentence: string): boolean {
  return sentence !== "" && /\p{Script=Han}/u.test(sentence) === (language === "zh");
}
