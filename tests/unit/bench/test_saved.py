"""A bench that measures a part keeps what it had measured of the rest, and nothing else."""

from pathlib import Path

from bench import saved
from bench.retrieval_quality import Report, save


def test_a_row_that_was_measured_replaces_its_like_whole_and_leaves_the_others() -> None:
    before = [{"size": 1, "of": 1, "ms": 5}, {"size": 1, "of": 20, "ms": 7, "alone": 3}]

    rows = saved.merge_rows(before, [{"size": 1, "of": 20, "ms": 6}], "size", "of")

    assert rows == [before[0], {"size": 1, "of": 20, "ms": 6}]
    assert saved.merge_rows(None, before, "size", "of") == before


def test_sets_that_were_not_measured_keep_their_scores(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    way = {"ndcg@10": 0.5}
    first: Report = {
        "sets": {"lakes": {"words": way, "hybrid+rerank": way}, "towns": {"words": way}},
        "baselines": {"lakes": {"bm25": way}, "towns": {"bm25": way}},
    }
    save(first, results)

    # Without a reranker, and without the weights to compare with.
    save({"sets": {"lakes": {"words": {"ndcg@10": 0.6}}}, "baselines": {"lakes": {}}}, results)

    assert saved.read(results) == {
        "sets": {"lakes": {"words": {"ndcg@10": 0.6}}, "towns": first["sets"]["towns"]},
        "baselines": {"lakes": {}, "towns": first["baselines"]["towns"]},
    }
