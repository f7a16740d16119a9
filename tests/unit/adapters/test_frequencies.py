"""In how many chunks a term is, while chunks come and go."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from groundwire.adapters.embedded import word_search
from groundwire.adapters.embedded.word_search import Frequencies
from groundwire.model.documents import Terms


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    db = apsw.Connection(str(tmp_path / "index.db"))
    word_search.create(db, 1)
    yield db
    db.close()


def put(db: apsw.Connection, rows: range, text: str) -> None:
    with db:
        for row in rows:
            word_search.put(db, 1, row, Terms("", text))


def test_a_small_count_is_exact_after_every_change(db: apsw.Connection) -> None:
    counted = Frequencies()
    assert counted.of(db, 1, ["rare"]) == {"rare": 0}

    put(db, range(3), "rare")
    counted.forget(3)

    assert counted.of(db, 1, ["rare"]) == {"rare": 3}


def test_a_large_count_is_kept_until_it_may_be_wrong_by_a_tenth(
    db: apsw.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_search, "LARGE", 20)
    counted = Frequencies()
    put(db, range(20), "common")
    assert counted.of(db, 1, ["common"]) == {"common": 20}

    put(db, range(20, 22), "common")
    counted.forget(2)
    assert counted.of(db, 1, ["common"]) == {"common": 20}

    counted.forget(1)
    assert counted.of(db, 1, ["common"]) == {"common": 22}
