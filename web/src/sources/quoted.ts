/** What of a passage an answer took. Pure. */

import type { Citation } from "@groundwire/client";

/** A piece of a passage; `marked` if an answer took it. */
export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

type Span = readonly [start: number, end: number];

/** So many letters say that a text is quoted; fewer stand in many texts by chance. */
const LETTERS_TO_QUOTE = 8;
/** A Chinese character tells as much as a few letters do. */
const LETTERS_IN_HAN = 2;
const TERMS_TO_CONVINCE = 3;
const SHARE_TO_CONVINCE = 0.6;

const LETTER = /[\p{L}\p{N}]/u;
const HAN = /\p{Script=Han}/u;
const SENTENCES = /[^\n]*?(?:[.!?](?=\s)|[。！？；]|(?=\n)|$)/gu;
const MARKER = /[[［【]\s*\^?\d{1,3}(?:\s*[,，、;]\s*\d{1,3})*\s*[\]］】]/gu;
const BLOCK_AFTER = /^\s*[[［【][^\]］】]*[\]］】]\s*\n\s*```[^\n]*\n([\s\S]*?)\n```/u;
const COMMON = new Set(
  "a an and are as at be been but by can do does for from has have if in into is it its may no not of on or so than that the their then there these they this to was were which will with you your".split(
    " ",
  ),
);

/**
 * Cut `passage` into pieces, those marked that `answer` took for its `citations` of it.
 *
 * What stands in both word for word is marked. Where a claim is in the answer's own words, that is
 * what the server says it rests on, as the row of a table; of older answers, the sentence of the
 * passage that is most like it, if it is like it enough; else nothing.
 */
export function quotedPieces(
  passage: string,
  answer: string,
  citations: readonly Pick<Citation, "start" | "end" | "quote">[],
): Piece[] {
  const points = Array.from(answer);
  const spans = citations.flatMap(({ start, end, quote }) => {
    const before = points.slice(0, start).join("");
    const claim = points.slice(start, end).join("");
    const block = BLOCK_AFTER.exec(points.slice(end).join(""))?.[1] ?? "";
    const quoted = quotations(passage, `${quotedBefore(before)}${claim}\n${block}`);
    if (quoted.length > 0) return quoted;
    const at = quote ? passage.indexOf(quote) : -1;
    return quote && at >= 0 ? [[at, at + quote.length] as const] : mostLike(passage, claim);
  });
  return pieces(passage, merged(passage, spans));
}

/** A citation vouches for a sentence; a quotation may have begun earlier in the paragraph. */
function quotedBefore(before: string): string {
  const paragraph = before.slice(before.lastIndexOf("\n\n") + 1);
  const marker = [...paragraph.matchAll(MARKER)].at(-1);
  return marker ? paragraph.slice(marker.index + marker[0].length) : paragraph;
}

/** Where the longest runs of sentences of `text` stand in `passage`, letter for letter. */
function quotations(passage: string, text: string): Span[] {
  const { letters, places } = lettersOf(passage);
  const sentences = (text.match(SENTENCES) ?? []).map((sentence) => lettersOf(sentence).letters);
  const found: Span[] = [];
  for (let from = 0; from < sentences.length; ) {
    let upto = sentences.length;
    let at = -1;
    for (; upto > from; upto -= 1) {
      const run = sentences.slice(from, upto).join("");
      at = weight(run) < LETTERS_TO_QUOTE ? -1 : letters.indexOf(run);
      if (at < 0) continue;
      found.push(withMarks(passage, places[at] ?? 0, places[at + run.length - 1] ?? 0));
      break;
    }
    from = at < 0 ? from + 1 : upto;
  }
  return found;
}

/** The letters and digits of a text, and where each stands in it. */
function lettersOf(text: string): { letters: string; places: number[] } {
  const places: number[] = [];
  let letters = "";
  for (let at = 0; at < text.length; ) {
    const letter = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (LETTER.test(letter)) {
      letters += letter;
      for (let unit = 0; unit < letter.length; unit += 1) places.push(at + unit);
    }
    at += letter.length;
  }
  return { letters, places };
}

function weight(letters: string): number {
  return Array.from(letters).reduce((sum, one) => sum + (HAN.test(one) ? LETTERS_IN_HAN : 1), 0);
}

/** From the letter at `first` to the one at `last`, with the punctuation that belongs to them. */
function withMarks(passage: string, first: number, last: number): Span {
  const line = /(?:^|\n)([^\p{L}\p{N}\n]*)$/u.exec(passage.slice(0, first))?.[1];
  const opening = /[\p{Ps}\p{Pi}"']*$/u.exec(passage.slice(0, first))?.[0] ?? "";
  const closing = /^\p{P}*/u.exec(passage.slice(last + 1))?.[0] ?? "";
  return [first - (line?.trimStart() ?? opening).length, last + 1 + closing.length];
}

function mostLike(passage: string, claim: string): Span[] {
  const claimed = termsOf(claim);
  let best: Span | undefined;
  let most = 0;
  for (const match of passage.matchAll(SENTENCES)) {
    const terms = termsOf(match[0]);
    const shared = [...terms].filter((term) => claimed.has(term)).length;
    const share = shared / Math.min(terms.size, claimed.size);
    if (shared <= most || shared < TERMS_TO_CONVINCE || share < SHARE_TO_CONVINCE) continue;
    most = shared;
    const start = match.index + match[0].length - match[0].trimStart().length;
    best = [start, match.index + match[0].trimEnd().length];
  }
  return best ? [best] : [];
}

/** The words that say something; of Chinese, every two characters that stand together. */
function termsOf(text: string): ReadonlySet<string> {
  const terms = new Set<string>();
  for (const [run] of text.toLowerCase().matchAll(/\p{Script=Han}+|[^\s\p{P}\p{Script=Han}]+/gu)) {
    if (!HAN.test(run)) {
      if (!COMMON.has(run)) terms.add(run);
      continue;
    }
    const characters = Array.from(run);
    for (let at = 0; at + 1 < characters.length; at += 1) {
      terms.add(characters.slice(at, at + 2).join(""));
    }
  }
  return terms;
}

/** The spans in order; those that overlap, or with only space between them, as one. */
function merged(passage: string, spans: readonly Span[]): Span[] {
  const whole: Span[] = [];
  for (const [start, end] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = whole.at(-1);
    if (last && passage.slice(last[1], start).trim() === "") {
      whole[whole.length - 1] = [last[0], Math.max(last[1], end)];
    } else whole.push([start, end]);
  }
  return whole;
}

function pieces(passage: string, spans: readonly Span[]): Piece[] {
  const cut: Piece[] = [];
  let at = 0;
  for (const [start, end] of spans) {
    cut.push({ text: passage.slice(at, start), marked: false });
    // The empty lines within a quotation are no part of it that one could see.
    for (const text of passage.slice(start, end).split(/(\n\s*\n)/)) {
      cut.push({ text, marked: text.trim() !== "" });
    }
    at = end;
  }
  cut.push({ text: passage.slice(at), marked: false });
  return cut.filter((piece) => piece.text !== "");
}
