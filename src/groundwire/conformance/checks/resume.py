"""The log and its cursors."""

from groundwire.conformance.seen import Broken
from groundwire.conformance.trial import Trial, check


@check("seq_contiguous")
async def seq_contiguous(trial: Trial) -> None:
    reader = await trial.wire(trial.subject.new_session(), cursor="0")
    for question in ("one", "two"):
        await reader.answer(question)
    seqs = [frame["seq"] for frame in reader.frames if "seq" in frame]
    if seqs != list(range(1, len(seqs) + 1)):
        raise Broken(f"positions were {seqs}")
