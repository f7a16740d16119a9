/** What an application pays for everything that the library exports. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 12_000;

interface Bundler {
  rolldown(input: object): Promise<{ generate(output: object): Promise<Generated> }>;
}

interface Generated {
  readonly output: readonly { readonly code: string }[];
}

test("the whole library, minified and compressed, is small", async () => {
  // The page's bundler is the one that there is.
  const vite = fileURLToPath(
    new URL("../../../web/node_modules/vite/package.json", import.meta.url),
  );
  const { rolldown } = createRequire(vite)("rolldown") as Bundler;
  const input = fileURLToPath(new URL("../src/index.ts", import.meta.url));

  const bundle = await rolldown({ input });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  const code = output.map((chunk) => chunk.code).join("");

  assert.match(code, /as Groundwire/);
  const size = gzipSync(code, { level: 9 }).length;
  assert.ok(size < LIMIT_BYTES, `${size} bytes`);
});
