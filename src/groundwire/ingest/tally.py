"""What one sync found, counted."""

from dataclasses import dataclass, field

from groundwire.model.feeds import Counts, Feed, FeedItem, Refusal
from groundwire.ports.connector import Missed

# The first ones tell what is wrong; the rest is counted.
MOST_REFUSALS = 20


@dataclass(slots=True)
class Tally:
    """``names`` are those that things have in their place now, by their uri."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    names: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def counts(self) -> Counts:
        return Counts(
            added=self.added,
            changed=self.changed,
            removed=self.removed,
            unchanged=self.unchanged,
            refused=self.refused,
        )

    def count_kept(self, item: FeedItem, feed: Feed) -> None:
        """Count an item as it is stored: by which sync took it, the one of ``feed`` or another.

        So a sync that goes on after a crash counts what it had taken before.
        """
        if item.batch != feed.batch:
            self.unchanged += 1
        elif item.since == feed.batch:
            self.added += 1
        else:
            self.changed += 1

    def refuse(self, missed: Missed) -> None:
        self.refused += 1
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals.append(Refusal(uri=missed.uri, code=missed.code, reason=missed.reason))
