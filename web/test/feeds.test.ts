import assert from "node:assert/strict";
import { test } from "node:test";
import { GroundwireError } from "../../sdk/typescript/src/errors.ts";
import { feedInfo } from "../../sdk/typescript/src/knowledge/feeds.ts";
import {
  countsLine,
  feedName,
  INTERVALS,
  intervalLine,
  moment,
  thingName,
  whyNot,
  whyRefused,
} from "../src/feeds/words.ts";
import { en } from "../src/i18n/en.ts";
import { zh } from "../src/i18n/zh.ts";

test("a reason is said by its code in Chinese, and in the server's words otherwise", () => {
  assert.equal(
    whyNot(en, "not_found", "There is no such page at x."),
    "There is no such page at x.",
  );
  assert.match(whyNot(zh, "not_found", "There is no such page at x."), /找不到/);
  assert.equal(whyNot(zh, "of_tomorrow", "It rains."), "It rains.");
  assert.equal(whyNot(zh, null, null), zh.failed);
});

test("a refusal is told by what it is of", () => {
  const refused = (code: string, detail: Record<string, unknown>): string =>
    whyRefused(zh, new GroundwireError({ code, message: "No.", retryable: false }, 400, detail));

  assert.match(refused("feed_failed", { reason: "not_allowed" }), /不允许/);
  assert.match(refused("invalid_field", { field: "address" }), /完整地址/);
  assert.match(refused("conflict", {}), /已有/);
  assert.match(refused("overloaded", {}), /忙不过来/);
  assert.equal(refused("of_tomorrow", {}), "No.");
});

test("what a sync found and how often one looks is one line each", () => {
  const counts = { added: 2, changed: 0, removed: 1, unchanged: 5, refused: 3 };

  assert.equal(countsLine(en, counts), "2 new · 1 gone · 5 as before");
  assert.equal(countsLine(en, { ...counts, added: 0, removed: 0, unchanged: 0 }), en.feedEmpty);
  assert.deepEqual(
    [null, 5, 60, 300, 3_600, 86_400, 604_800].map((each) => intervalLine(en, each, "folder")),
    [
      "Only when I say so",
      "Watched all the time",
      "Every minute",
      "Every 5 minutes",
      "Every hour",
      "Every day",
      "Every week",
    ],
  );
  assert.ok(Object.values(INTERVALS).every((choices) => choices.includes(0)));
});

test("places and what is in them go by short names", () => {
  const site = feedInfo({ id: "f", kind: "site", address: "https://example.org/docs/" });
  const folder = feedInfo({ id: "f", kind: "folder", address: "/srv/documents" });

  assert.equal(feedName(site), "example.org/docs");
  assert.equal(feedName(folder), "/srv/documents");
  assert.equal(thingName(site, "https://example.org/docs/a"), "/docs/a");
  assert.equal(thingName(site, "https://example.org.evil/a"), "https://example.org.evil/a");
  assert.equal(thingName(folder, "deep/a.md"), "deep/a.md");
});

test("a moment of another day says its day", () => {
  const now = new Date(2026, 10, 29, 12, 0);
  const at = (day: number): string => new Date(2026, 10, day, 9, 5).toISOString();

  assert.equal(moment(at(29), "zh-CN", now), "09:05");
  assert.match(moment(at(28), "zh-CN", now), /2026年11月28日/);
});
