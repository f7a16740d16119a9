"""Feeds and texts through the Python client."""

import pytest

from groundwire_client import connect, errors
from tests.support.feeds import Fed

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_feed_from_its_first_sync_to_its_end(fed: Fed) -> None:
    folder = fed.folder / "python"
    folder.mkdir()
    (folder / "a.txt").write_text("Apples are red.")
    async with connect(fed.served.http, token=fed.served.key, timeout_s=10) as groundwire:
        rest = groundwire.rest
        workspace = (await rest.create_workspace("feeds of a client")).id
        with pytest.raises(errors.GroundwireError):
            await rest.add_feed(workspace, "folder", "/nowhere")

        made = await rest.add_feed(
            workspace, "folder", str(folder), options={"include": ["*.txt"]}, interval_s=0
        )
        await fed.synced(made.id)
        (feed,) = await rest.feeds(workspace)
        assert (feed.status, feed.counts["added"], feed.refusals) == ("idle", 1, ())
        assert feed == await rest.feed(made.id)

        (folder / "b.txt").write_text("Bananas are yellow.")
        assert (await rest.sync_feed(made.id)).id == made.id
        await fed.until_documents(workspace, {"a.txt", "b.txt"})
        held = await rest.change_feed(made.id, paused=True, options={"include": ["*.md"]})
        assert (held.paused, held.options["include"]) == (True, ["*.md"])
        with pytest.raises(errors.Conflict):
            await rest.sync_feed(made.id)
        assert not (await rest.change_feed(made.id, paused=False)).paused
        text = await rest.add_text(workspace, "Pears", "Pears are green.", batch="fruit")
        assert text.title == "Pears.txt"

        await rest.delete_feed(made.id, keep_documents=True)
        await fed.until_forgotten()
        assert set(await fed.documents(workspace)) == {"a.txt", "b.txt", "Pears.txt"}

        again = await rest.add_feed(workspace, "folder", str(folder), interval_s=0)
        await rest.delete_feed(again.id)
        await fed.until_forgotten()
        assert len(await fed.documents(workspace)) == 3  # they are nobody's but a person's
