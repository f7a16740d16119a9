/** What is shown of an answer while the server withdraws text and begins again. Pure. */

export interface Shown {
  /** What the answer says now. */
  readonly content: string;
  /** What is on the screen: that, or what was said before while nothing has come instead. */
  readonly text: string;
  /** Whether what is on the screen is withdrawn. */
  readonly faded: boolean;
}

/**
 * What to show of an answer that says `content` after `before` was shown.
 *
 * Withdrawn text stays, faded, until the new attempt says something of its own: a text that
 * vanished and came again would only flicker.
 */
export function shownAfter(before: Shown | null, content: string, streaming: boolean): Shown {
  const isNew = before === null || !streaming;
  if (!isNew && !content.startsWith(before.content))
    return { content, text: before.text, faded: true };
  if (!isNew && before.faded && content === before.content) return before;
  return { content, text: content, faded: false };
}
