/** What an application pays for everything that each entry of the library exports. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMITS_BYTES = { "index.ts": 12_000, "knowledge/index.ts": 4_000 };

interface Bundler {
  rolldown(input: object): Promise<{ generate(output: object): Promise<Generated> }>;
}

interface Generated {
  readonly output: readonly { readonly code: string }[];
}

for (const [entry, limit] of Object.entries(LIMITS_BYTES)) {
  test(`all of ${entry}, minified and compressed, is small`, async () => {
    const code = await bundle(entry);

    assert.match(code, /as (Groundwire|Knowledge)/);
    const size = gzipSync(code, { level: 9 }).length;
    assert.ok(size < limit, `${size} bytes`);
  });
}

async function bundle(entry: string): Promise<string> {
  // The page's bundler is the one that there is.
  const vite = fileURLToPath(
    new URL("../../../web/node_modules/vite/package.json", import.meta.url),
  );
  const { rolldown } = createRequire(vite)("rolldown") as Bundler;
  const input = fileURLToPath(new URL(`../src/${entry}`, import.meta.url));
  const bundled = await rolldown({ input });
  const { output } = await bundled.generate({ format: "esm", minify: true });
  return output.map((chunk) => chunk.code).join("");
}
