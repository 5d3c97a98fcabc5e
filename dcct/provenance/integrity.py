"""Whether a results folder still is what its receipts say: outputs by their bytes, inputs by their
present receipts."""

from dataclasses import dataclass
from pathlib import Path

from dcct.errors import DataError, DcctError
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.provenance.folder import AS_RECORDED, MISSING, Receipts, states
from dcct.runtime.progress import Progress

OF_NO_STEP = "is of no step, perhaps of another folder: move its folder out of {}"


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was checked, and what no longer matches."""

    receipts: int
    """How many there are."""
    files: int
    """How many they name."""
    size: int
    """Of those files, in bytes."""
    problems: dict[Path, str]
    """File or receipt → one line that says what to do."""


def check_results(pipeline: Pipeline, progress: Progress) -> Findings:
    """Hash every output that a receipt below the results names, and hold recorded inputs against
    present receipts, recorded settings and code against those of the profile's jobs.

    Raises DataError where there is no receipt at all.
    """
    results = pipeline.results
    receipts = Receipts(results)
    every = list(receipts.all())
    found = [receipt for receipt in every if receipts.is_of_a_step(receipt)]
    problems = {receipt: OF_NO_STEP.format(results) for receipt in every if receipt not in found}
    if not found:
        raise DataError(
            f"{results}: no receipts: run `{pipeline.again}`, or name the profile of a run that is"
            " there"
        )
    again = {receipt: receipts.again(receipt) for receipt in found}
    again |= {job.receipt: job.again for job in pipeline.jobs()}
    owners = {file: receipt for receipt in found for file in receipts.outputs(receipt)}
    digests = {
        file: digest for receipt in found for file, digest in receipts.outputs(receipt).items()
    }
    for file, state in states(digests, progress).items():
        if state == MISSING:
            problems[file] = (
                f"missing although {owners[file]} names it: run `{again[owners[file]]}`"
            )
        elif state != AS_RECORDED:
            problems[file] = (
                f"changed since it was written: its SHA-256 is not the one in {owners[file]}:"
                f" delete it and run `{again[owners[file]]}`"
            )
    for receipt in found:
        if stale := receipts.stale(receipt):
            fate = "is gone" if receipts.sources(receipt)[stale[0]] is None else "has changed since"
            more = f" (and {len(stale) - 1} more)" if len(stale) > 1 else ""
            line = f"stale: its input {stale[0]} {fate}{more}"
            problems[receipt] = f"{line}: run `{again[receipt]}`"
    for job in pipeline.jobs():
        if job.receipt.is_file() and (lacking := _no_longer(job, receipts)):
            problems.setdefault(job.receipt, f"{lacking}: run `{job.again}`")
    size = sum(file.stat().st_size for file in digests if file.is_file())
    return Findings(receipts=len(found), files=len(digests), size=size, problems=problems)


def _no_longer(job: Job, receipts: Receipts) -> str:
    """What of settings and code is another now than in a job's run record, or that it is gone."""
    if not job.record.is_file():
        return f"its run record {job.record} is gone"
    made = receipts.read(job.receipt)
    now = {"settings": job.settings_digest, "code": job.code}
    other = " and ".join(name for name, digest in now.items() if made[name] != digest)
    if other:
        return f"stale: made with other {other}"
    try:
        given = job.given_digests
    except DcctError as error:
        return f"stale: {error}"
    changed = next((file for file in given if made["given"].get(file) != given[file]), None)
    return f"stale: {changed}, which was given, has changed since" if changed else ""
