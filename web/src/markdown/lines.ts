/** Lines as their author set them: a break stays a break, and a line with a bullet is an item. */

import type { List, ListItem, Paragraph, PhrasingContent, RootContent } from "mdast";

type Line = PhrasingContent[];

/** The bullets that documents have, by how deep they lie; Markdown's own are lists already. */
const BULLETS = [/^[•●▪◦‣]\s*/u, /^[–·]\s+/u] as const;
/** A marker on a line of its own belongs to the line before it. */
const BREAK = /[ \t]*\n(?!\s*[[［【]\s*\^?\d)/u;

/** The node, or the nodes that a paragraph with lists in it becomes. */
export function withLines(node: RootContent): RootContent[] {
  switch (node.type) {
    case "paragraph":
      return grouped(linesOf(node));
    case "blockquote":
    case "listItem":
      return [{ ...node, children: node.children.flatMap(withLines) } as RootContent];
    case "list":
      return [{ ...node, children: node.children.flatMap(withLines) as ListItem[] }];
    default:
      return [node];
  }
}

function linesOf(paragraph: Paragraph): Line[] {
  const lines: Line[] = [[]];
  for (const node of paragraph.children) {
    if (node.type === "break") lines.push([]);
    else if (node.type !== "text") lines.at(-1)?.push(node);
    else {
      node.value.split(BREAK).forEach((value, at) => {
        if (at > 0) lines.push([]);
        if (value !== "") lines.at(-1)?.push({ type: "text", value });
      });
    }
  }
  return lines;
}

/** Lines in a row that begin alike make a list; the others a paragraph with its breaks kept. */
function grouped(lines: readonly Line[]): RootContent[] {
  const blocks: RootContent[] = [];
  for (let at = 0; at < lines.length; ) {
    let end = at + 1;
    const isList = depthOf(lines[at]) !== undefined;
    while (end < lines.length && (depthOf(lines[end]) !== undefined) === isList) end += 1;
    const rows = lines.slice(at, end);
    blocks.push(isList ? listOf(rows) : paragraphOf(rows));
    at = end;
  }
  return blocks;
}

function depthOf(line: Line | undefined): number | undefined {
  const first = line?.[0];
  if (first?.type !== "text") return undefined;
  const depth = BULLETS.findIndex((bullet) => bullet.test(first.value));
  return depth < 0 ? undefined : depth;
}

function listOf(rows: readonly Line[]): List {
  const items: ListItem[] = [];
  for (let at = 0; at < rows.length; ) {
    const row = rows[at] ?? [];
    const inner = rows.slice(at + 1);
    const next = depthOf(row) === 0 ? inner.findIndex((line) => depthOf(line) === 0) : 0;
    const under = next < 0 ? inner : inner.slice(0, next);
    const children = [
      paragraphOf([withoutBullet(row)]),
      ...(under.length > 0 ? [listOf(under)] : []),
    ];
    items.push({ type: "listItem", spread: false, children });
    at += 1 + under.length;
  }
  return { type: "list", ordered: false, spread: false, children: items };
}

function withoutBullet(line: Line): Line {
  const [first, ...rest] = line;
  if (first?.type !== "text") return line;
  const value = BULLETS.reduce((text, bullet) => text.replace(bullet, ""), first.value);
  return [{ type: "text", value }, ...rest];
}

function paragraphOf(lines: readonly Line[]): Paragraph {
  const children = lines.flatMap(
    (line, at): Line => (at > 0 ? [{ type: "break" }, ...line] : line),
  );
  return { type: "paragraph", children };
}
