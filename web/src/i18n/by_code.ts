/** What the server says in English, by its code in the reader's language. Pure. */

/** The sentence for `code` in `words`; the server's own where there is none. */
export function byCode(
  words: Readonly<Record<string, string>>,
  code: string | null,
  sentence: string | null,
): string | null {
  return (code !== null && words[code]) || sentence;
}
