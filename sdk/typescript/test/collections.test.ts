/** Collections as the log of their workspace tells of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CollectionChanged } from "../src/knowledge/index.ts";
import { documentInfo, foldCollections, foldDocuments } from "../src/knowledge/index.ts";

function changed(change: CollectionChanged["change"], name = "Law"): CollectionChanged {
  return {
    type: "collection.changed",
    seq: 1,
    ts: "2026-11-30T09:00:00.000Z",
    workspaceId: "w_1",
    collectionId: "c_1",
    name,
    change,
  };
}

const LAW = { id: "c_1", name: "Law" };

test("one that is created is the last, and told again it is once", () => {
  const other = { id: "c_0", name: "Other" };
  const created = foldCollections([other], changed("created"));
  assert.deepEqual(created, [other, LAW]);
  assert.deepEqual(foldCollections(created, changed("created")), created);
});

test("one that is renamed keeps its place", () => {
  const other = { id: "c_2", name: "Other" };
  const renamed = foldCollections([LAW, other], changed("renamed", "Laws"));
  assert.deepEqual(renamed, [{ id: "c_1", name: "Laws" }, other]);
});

test("one that is removed lets its documents go", () => {
  const documents = [
    documentInfo({ id: "d_1", collections: ["c_1", "c_2"] }),
    documentInfo({ id: "d_2", collections: ["c_2"] }),
  ];
  assert.deepEqual(foldCollections([LAW], changed("removed")), []);
  const left = foldDocuments(documents, changed("removed"));
  assert.deepEqual(
    left.map((one) => one.collections),
    [["c_2"], ["c_2"]],
  );
  assert.deepEqual(foldDocuments(documents, changed("renamed")), documents);
});

test("a document is sorted by what was told last", () => {
  const labels = { tags: ["new"], pinned: true, collections: ["c_1"] };
  const [document] = foldDocuments([documentInfo({ id: "d_1" })], {
    type: "document.labelled",
    seq: 2,
    ts: "2026-11-30T09:00:00.000Z",
    workspaceId: "w_1",
    documentId: "d_1",
    title: "guide.pdf",
    ...labels,
  });
  assert.deepEqual({ ...document, ...labels }, document);
});
