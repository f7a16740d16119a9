import assert from "node:assert/strict";
import { test } from "node:test";
import type { Citation } from "@groundwire/client";
import { GroundwireError } from "../../sdk/typescript/src/errors.ts";
import { documentInfo } from "../../sdk/typescript/src/knowledge/documents.ts";
import { openBatches } from "../src/documents/batches.ts";
import { formatKind, formatSize } from "../src/documents/format.ts";
import { isLookedFor, tagsIn } from "../src/documents/tags.ts";
import { whatFailed } from "../src/i18n/by_code.ts";
import { en } from "../src/i18n/en.ts";
import { zh } from "../src/i18n/zh.ts";
import { byPeriod } from "../src/sidebar/dates.ts";
import { citedPlace, placeOf, webAddress } from "../src/sources/place.ts";
import { citedNumbers } from "../src/sources/titles.ts";
import { dayOf, startOf } from "../src/state/days.ts";

test("both languages say everything, with the same gaps to fill", () => {
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
  for (const [key, text] of Object.entries(en)) {
    const other = zh[key as keyof typeof zh];
    assert.equal(typeof other, typeof text, key);
    assert.notEqual(other, "", key);
  }
});

test("what did not work is said by its code in Chinese, and in the server's words otherwise", () => {
  const told = (texts: typeof en, code: string, detail = {}): string =>
    whatFailed(texts, new GroundwireError({ code, message: "No.", retryable: false }, 400, detail));

  assert.match(told(zh, "not_found"), /找不到/);
  assert.equal(told(zh, "unreadable_document", { reason: "empty" }), zh.documentReasons.empty);
  assert.equal(told(zh, "feed_failed", { reason: "not_allowed" }), zh.feedReasons.not_allowed);
  assert.equal(told(zh, "feed_failed"), "No.");
  assert.equal(told(zh, "of_tomorrow"), "No.");
  assert.equal(told(en, "not_found"), "No.");
});

test("conversations are grouped by the reader's days", () => {
  const now = new Date(2026, 10, 22, 9, 0);
  const at = (day: number, hour: number): string => new Date(2026, 10, day, hour).toISOString();
  const groups = byPeriod(
    [
      { id: "a", updatedAt: at(22, 1) },
      { id: "b", updatedAt: at(21, 23) },
      { id: "c", updatedAt: at(17, 12) },
      { id: "d", updatedAt: at(1, 12) },
    ],
    now,
  );

  assert.deepEqual(
    groups.map(([period, list]) => [period, list.map((one) => one.id)]),
    [
      ["today", ["a"]],
      ["yesterday", ["b"]],
      ["thisWeek", ["c"]],
      ["earlier", ["d"]],
    ],
  );
});

test("where a passage stands is said in the units of its format", () => {
  assert.equal(placeOf({ page: 3 }, en), "p. 3");
  assert.equal(
    placeOf({ page: 3, place: { unit: "slide", first: 3, last: 3 } }, zh),
    "第 3 张幻灯片",
  );
  assert.equal(placeOf({ place: { unit: "row", first: 2, last: 14 } }, en), "rows 2–14");
  assert.equal(placeOf({ place: { unit: "line", first: 7, last: 7 } }, en), "line 7");
  assert.equal(placeOf({ place: { unit: "second", first: 62, last: 3723 } }, zh), "1:02–1:02:03");
  assert.equal(placeOf({}, en), "");
});

test("a source that is cited stands where what was taken of it does", () => {
  const source = { id: "d:1", page: 1, place: { unit: "slide", first: 1, last: 3 } } as const;
  const slide = (n: number, sourceId = "d:1"): Citation => ({
    start: 0,
    end: 1,
    sourceId,
    page: n,
    place: { unit: "slide", first: n, last: n },
  });

  assert.equal(citedPlace(source, [], en), "slides 1–3");
  assert.equal(citedPlace(source, [slide(2, "d:9")], en), "slides 1–3");
  assert.equal(citedPlace(source, [{ start: 0, end: 1, sourceId: "d:1" }], en), "slides 1–3");
  assert.equal(citedPlace(source, [slide(3), slide(2), slide(3)], en), "slide 3, slide 2");
});

test("only an address of the web is one that a source leads to", () => {
  assert.equal(webAddress("https://example.org/a"), "https://example.org/a");
  for (const uri of [
    "/api/v1/documents/d_1/content",
    "docs/a.md",
    "javascript:alert(1)",
    "",
    null,
  ]) {
    assert.equal(webAddress(uri), null);
  }
});

test("sizes and kinds are said briefly", () => {
  assert.equal(formatSize(1_430_000, "en"), "1.4 MB");
  assert.equal(formatKind("测量手册.docx"), "DOCX");
  assert.equal(formatKind("README"), "");
});

test("sources that the answer cites are told from those that were only found", () => {
  const sources = [1, 2, 3].map((n) => ({ id: `s${n}`, n, documentId: "d", title: "t", text: "" }));

  assert.deepEqual([...citedNumbers("One [1]. Two [1, 3].", sources)], [1, 3]);
});

test("documents that came together are one line until all of them are ready", () => {
  const of = (id: string, batchId: string | null, status: "queued" | "ready" | "failed") =>
    documentInfo({ id, batchId, status, paused: status === "queued" });
  const documents = [
    of("a", "one", "ready"),
    of("b", "one", "failed"),
    of("c", "two", "queued"),
    of("d", "two", "ready"),
    of("e", "three", "ready"),
    of("f", "three", "ready"),
    of("g", "alone", "queued"),
    of("h", null, "queued"),
  ];

  assert.deepEqual(openBatches(documents), [
    { id: "one", total: 2, ready: 1, failed: 1, paused: false },
    { id: "two", total: 2, ready: 1, failed: 0, paused: true },
  ]);
});

test("tags are parted by commas of either language, and are kept as the server keeps them", () => {
  assert.deepEqual(tagsIn(" Contract, 2025，合同、合同; a  B ,,"), [
    "contract",
    "2025",
    "合同",
    "a b",
  ]);
  assert.deepEqual(tagsIn(" "), []);
});

test("a document is looked for by its name, its tags, its type and its collections", () => {
  const document = { title: "Lease.PDF", tags: ["合同"], type: "pdf" };

  for (const query of ["", "lease", "合同 pdf", "house LEASE"]) {
    assert.ok(isLookedFor(document, ["House"], query), query);
  }
  assert.ok(!isLookedFor(document, ["House"], "lease mail"));
});

test("a day begins and ends where the reader is", () => {
  const begins = startOf("2026-03-29", 0);

  assert.equal(new Date(begins).getHours(), 0);
  assert.equal(dayOf(begins, 0), "2026-03-29");
  assert.equal(dayOf(startOf("2026-12-31", 1), -1), "2026-12-31");
  assert.equal(startOf("2026-12-31", 1), startOf("2027-01-01", 0));
});
