"""The report on retrieval has the form that its readers rely on."""

import json
from pathlib import Path

from bench.evalset import find_sets, read_set
from bench.retrieval_quality import measure, score
from bench.vectors import RememberingEmbedder
from groundwire.adapters.embedder.scripted import ScriptedEmbedder

ENTRIES = {"a": "The harbour opens at eight.", "b": "The pump needs oil.", "c": "港口八点开门。"}
QUESTIONS = {"q1": ("When does the harbour open?", "a"), "q2": ("港口几点开门？", "c")}
MEASURES = {"ndcg@10", "recall@1", "recall@10", "mrr@10"}


def write_set(folder: Path) -> Path:
    folder.mkdir()
    corpus = [{"id": id, "title": "", "text": text} for id, text in ENTRIES.items()]
    queries = [{"id": id, "text": text} for id, (text, _) in QUESTIONS.items()]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    answers = "".join(f"{id}\t{entry}\t1\n" for id, (_, entry) in QUESTIONS.items())
    (folder / "qrels.tsv").write_text(answers, encoding="utf-8")
    return folder


async def test_each_way_of_searching_has_each_measure(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "harbour")
    embedder = RememberingEmbedder(ScriptedEmbedder(), tmp_path / "vectors")

    report = await measure(read_set(folder, sample=None), embedder, embedder)
    embedder.close()

    assert find_sets(tmp_path) == [folder]
    assert {"words", "meaning", "hybrid"} <= set(report["sets"])
    assert {"anythingllm", "openwebui"} <= set(report["baselines"])
    for way in (*report["sets"].values(), *report["baselines"].values()):
        assert set(way) >= MEASURES
        assert all(0 <= value <= 1 for value in way.values())
    assert report["sets"]["hybrid"]["recall@10"] == 1


def test_scores_are_those_of_the_definitions() -> None:
    scores = score({"q": ["x", "a", "y", "b"]}, {"q": {"a": 1, "b": 1, "c": 1}}).as_json()

    assert scores["recall@1"] == 0
    assert scores["recall@10"] == 0.6667
    assert scores["mrr@10"] == 0.5
    # Second and fourth of three that there are: what they gain over what the three would.
    assert scores["ndcg@10"] == 0.4982
