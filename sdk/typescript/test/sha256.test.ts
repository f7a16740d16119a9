import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { newId } from "../src/ids.ts";
import { sha256, verify } from "../src/index.ts";

test("the hash is that of every other implementation, whatever the length and the script", () => {
  const texts = [
    "",
    "abc",
    "接地线 🔌👩‍🔧",
    "é\u{10ffff}\0",
    "half \ud800 a pair",
    "x".repeat(100_000),
  ];
  const lengths = Array.from({ length: 130 }, (_, length) => "a".repeat(length));
  for (const text of [...texts, ...lengths]) {
    assert.equal(sha256(text), createHash("sha256").update(Buffer.from(text)).digest("hex"));
  }
});

test("the hash of the text proves the text", () => {
  const hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

  assert.equal(verify("hello", hash), true);
  assert.equal(verify("hell\u043e", hash), false);
});

test("ids differ", () => {
  const ids = new Set(Array.from({ length: 1000 }, newId));

  assert.equal(ids.size, 1000);
  for (const id of ids) assert.match(id, /^[0-9a-z]{32}$/);
});
