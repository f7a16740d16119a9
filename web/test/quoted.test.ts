import assert from "node:assert/strict";
import { test } from "node:test";
import { quotedPieces } from "../src/sources/quoted.ts";

const PASSAGE = `If you are new, get the big picture instead. This looks very much like the dh_make command. It replaces dh_make. 1

• modern packaging style
– debian/control: substvar support`;

const DISKS = `9.6.1 硬盘空间使用情况

硬盘空间的使用情况可以通过软件包提供的程序来评估：

• mount(8) 显示所有挂载的文件系统 (= 磁盘).
• df(1) 报告文件系统使用的硬盘空间。

提示

你可以将 du(8) 的输出传输给 xdu(1x)。`;

/** What is marked when the answer cites from `start` (of its text before the marker) to the marker. */
function marked(passage: string, answer: string, start: string): string[] {
  const points = (text: string): number => Array.from(text).length;
  const end = points(answer.slice(0, answer.indexOf("[1]")));
  const from = points(answer.slice(0, answer.indexOf(start)));
  const pieces = quotedPieces(passage, answer, [{ start: from, end }]);
  assert.equal(pieces.map((piece) => piece.text).join(""), passage);
  return pieces.filter((piece) => piece.marked).map((piece) => piece.text);
}

test("sentences that are quoted are marked, and no other", () => {
  const answer =
    "From your documents 🔌:\n\nThis looks very much\nlike the dh_make command. It replaces dh_make. [1]";

  assert.deepEqual(marked(PASSAGE, answer, "It replaces"), [
    "This looks very much like the dh_make command. It replaces dh_make.",
  ]);
});

test("a quoted list is marked with its bullets, whatever the answer made of them", () => {
  const answer = "- modern packaging style\n- debian/control: substvar support [1]";

  assert.deepEqual(marked(PASSAGE, answer, "- debian"), [
    "• modern packaging style\n– debian/control: substvar support",
  ]);
});

test("Chinese quotations are marked, lists too", () => {
  const answer =
    "文档中写道：\n\n硬盘空间的使用情况可以通过软件包提供的程序来评估：\n• mount(8) 显示所有挂载的文件系统 (= 磁盘).\n• df(1) 报告文件系统使用的硬盘空间。 [1]";

  assert.deepEqual(marked(DISKS, answer, "• df"), [
    "硬盘空间的使用情况可以通过软件包提供的程序来评估：",
    "• mount(8) 显示所有挂载的文件系统 (= 磁盘).\n• df(1) 报告文件系统使用的硬盘空间。",
  ]);
});

test("commands that follow their citation are marked with it", () => {
  const passage = "It is done as follows.\n\n$ tar -xvzf package.tar.gz\n$ debmake\n\nThen go on.";
  const answer = "It is done as follows. [1]\n\n```\n$ tar -xvzf package.tar.gz\n$ debmake\n```";

  assert.deepEqual(marked(passage, answer, "It is"), [
    "It is done as follows.",
    "$ tar -xvzf package.tar.gz\n$ debmake",
  ]);
});

test("what another source vouches for is not looked for in this one", () => {
  const answer = "It replaces dh_make. [2] Modern packaging style [1]";
  const passage = "It replaces dh_make. Something else. Modern packaging style.";

  assert.deepEqual(marked(passage, answer, "Modern"), ["Modern packaging style."]);
});

test("of a claim in other words the sentence most like it is marked", () => {
  const guide =
    "Colours matter. The ground wire carries the fault current back to the source. 接地电阻不得超过四欧姆。测量应在断电之后进行。";

  assert.deepEqual(marked(guide, "It carries the **fault current** [1].", "It"), [
    "The ground wire carries the fault current back to the source.",
  ]);
  assert.deepEqual(marked(guide, "因此，接地电阻的上限不得超过四欧姆 [1]。", "因此"), [
    "接地电阻不得超过四欧姆。",
  ]);
});

test("where no sentence is like the claim nothing is marked", () => {
  assert.deepEqual(marked(PASSAGE, "The moon is made of the finest cheese [1].", "The"), []);
  assert.deepEqual(marked(DISKS, "月亮离地球很远 [1]。", "月亮"), []);
  assert.deepEqual(quotedPieces(PASSAGE, "Noted.", []), [{ text: PASSAGE, marked: false }]);
});

test("of a claim in other words what the server says it rests on is marked", () => {
  const table = "Tool | Pieces | Shelf\nAdze | 17 | H4\nFroe | 3 | K9";
  const pieces = quotedPieces(table, "Froe — Pieces: 3 [1]", [
    { start: 0, end: 17, quote: "Froe | 3 | K9" },
  ]);

  assert.deepEqual(
    pieces.filter((piece) => piece.marked).map((piece) => piece.text),
    ["Froe | 3 | K9"],
  );
});
