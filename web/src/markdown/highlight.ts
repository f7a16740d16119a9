/** Colours for code. Loaded with the first code block, since most answers have none. */

import type { Root } from "hast";

type Highlighter = (code: string, language: string | null) => Root | null;

let loading: Promise<Highlighter> | undefined;

export function loadHighlighter(): Promise<Highlighter> {
  loading ??= import("lowlight").then(({ common, createLowlight }) => {
    const lowlight = createLowlight(common);
    return (code, language) =>
      language !== null && lowlight.registered(language)
        ? lowlight.highlight(language, code)
        : null;
  });
  return loading;
}
