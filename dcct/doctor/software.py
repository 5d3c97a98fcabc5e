"""Python, libraries and the two workflow engines, against what the package asks for."""

import json
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from shlex import quote

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from dcct.doctor.asked import Asked
from dcct.doctor.cards import Torch
from dcct.doctor.finding import Finding, hint, ok, wrong

TORCH = (
    sys.executable,
    "-P",  # what lies in this folder is no library
    "-c",
    "import json, torch; cards = map(torch.cuda.get_device_properties,"
    " range(torch.cuda.device_count())); print(json.dumps([torch.__version__, torch.version.cuda,"
    " torch.get_num_threads(), [[card.name, card.total_memory] for card in cards]]))",
)
TORCH_S = 60.0
ENGINES = {"snakemake": wrong, "dvc": hint}
"""Of the two, the default run needs the first."""


def look_at_python() -> Finding:
    asked, found = metadata.metadata("dcct")["Requires-Python"] or "", platform.python_version()
    if SpecifierSet(asked).contains(found, prereleases=True):
        return ok("Python", found)
    return wrong(
        "Python",
        f"{found}, but {asked} is asked for",
        "`rm -r .venv && make setup PYTHON=python3.12`",
    )


def look_at_libraries() -> Iterator[Finding]:
    """One finding for all that are as they should be, and one for each that is not. Then one for
    each engine."""
    asked = [Requirement(line) for line in metadata.requires("dcct") or []]
    needed = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    spoilt = [finding for one in needed if (finding := _held(one, wrong)).state != "ok"]
    yield from spoilt or [ok("libraries", f"{len(needed)} as the package asks for them")]
    for one in asked:
        if one.name in ENGINES:
            yield _held(one, ENGINES[one.name])


def _held(asked: Requirement, say) -> Finding:
    """A library against what is asked of it."""
    bounds = str(asked.specifier)
    extras = f"[{','.join(sorted(asked.extras))}]" if asked.extras else ""
    install = f"`python -m pip install {quote(asked.name + extras + bounds)}`"
    try:
        found = metadata.version(asked.name)
    except metadata.PackageNotFoundError:
        return say(asked.name, "is not installed", install)
    if asked.specifier.contains(found, prereleases=True):
        return ok(asked.name, found)
    return say(asked.name, f"{found}, but {bounds} is asked for", install)


def look_at_torch(asked: Asked) -> tuple[Finding, Torch | None]:
    """asked: TORCH."""
    answer = asked.answer()
    if answer is None:
        again = "`python -m pip install --force-reinstall torch torchvision`"
        return wrong("torch", f"cannot be imported: {asked.complaint}", again), None
    torch = Torch(*json.loads(answer.splitlines()[-1]))
    built = f"for CUDA {torch.cuda}" if torch.cuda else "for CPUs alone"
    return ok("torch", f"{torch.version}, built {built}, {torch.threads} threads"), torch
