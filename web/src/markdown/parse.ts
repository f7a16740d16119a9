/** Markdown to a tree. No HTML comes out of it anywhere: the page builds elements from the tree. */

import type { RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import remend from "remend";
import { withLines } from "./lines.ts";

/** A block at the top of a text, with the piece of source that it was made from. */
export interface Block {
  readonly node: RootContent;
  readonly start: number;
}

/**
 * A text that grows at its end. Only its last block is parsed again when more comes, so that
 * the work per token does not grow with the answer.
 */
export class GrowingText {
  #text = "";
  #blocks: readonly Block[] = [];

  /** The blocks of `text`. While it is `growing`, what is opened at its end is shown as closed. */
  blocks(text: string, growing: boolean): readonly Block[] {
    const last = this.#blocks.at(-1);
    const keeps = growing && last !== undefined && text.startsWith(this.#text);
    const start = keeps ? last.start : 0;
    // A paragraph with lists in it has become several blocks, all from one place.
    const kept = keeps ? this.#blocks.filter((block) => block.start < start) : [];
    this.#text = text;
    this.#blocks = [...kept, ...parse(text.slice(start), start, growing)];
    return this.#blocks;
  }
}

function parse(text: string, start: number, growing: boolean): Block[] {
  // Links are left open: `[1` is on its way to be a citation, not a link.
  const source = growing ? remend(text, { links: false, images: false }) : text;
  const tree = fromMarkdown(source, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  return tree.children.flatMap((node) => {
    const from = start + (node.position?.start.offset ?? 0);
    return withLines(node).map((block) => ({ node: block, start: from }));
  });
}

/** Plain text; or citations with the word before and the punctuation after them, kept on one line. */
export type TextPart =
  | { readonly text: string }
  | { readonly word: string; readonly numbers: readonly number[]; readonly after: string };

const MARKERS = /\s*\[(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\]((?![[(（【])\p{P})?/gu;
/** The last word of a text; of Chinese, which breaks anywhere, the last character. */
const LAST_WORD = /(?:\p{Script=Han}|[^\s\p{Script=Han}]{1,24})\p{P}*$/u;

/** Split a text at its citation markers, `[2]` or `[1, 3]`, as far as they name known sources. */
export function splitCitations(text: string, known: ReadonlySet<number>): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const match of text.matchAll(MARKERS)) {
    const [marker, listed = "", after = ""] = match;
    const numbers = listed.split(/[,，、]/).map(Number);
    if (!numbers.every((n) => known.has(n))) continue;
    const before = text.slice(at, match.index);
    const word = LAST_WORD.exec(before)?.[0] ?? "";
    if (word.length < before.length)
      parts.push({ text: before.slice(0, before.length - word.length) });
    parts.push({ word, numbers, after });
    at = match.index + marker.length;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}

/** The address of a link if a reader may follow it, else `null`. */
export function safeHref(url: string): string | null {
  try {
    const { protocol } = new URL(url);
    return ["http:", "https:", "mailto:"].includes(protocol) ? url : null;
  } catch {
    // A relative address would lead into this page, which no answer has a reason to do.
    return null;
  }
}
