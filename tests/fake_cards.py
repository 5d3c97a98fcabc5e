"""A machine with cards that are none: an nvidia-smi that lists them, and jobs that lease them by
the real function and write down what they had and when."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from itertools import combinations
from pathlib import Path

UUIDS = [f"GPU-{number}{number}-beef" for number in range(4)]
LISTED = "".join(f"{number}, {uuid}\n" for number, uuid in enumerate(UUIDS))
JOB = """
import json, os, sys, time
from pathlib import Path
from dcct.runtime.cards import take

folder, count, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
take(count, lambda line: print(line, flush=True))
began = time.monotonic()
print("has", flush=True)
time.sleep(seconds)
cards = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
(folder / f"{os.getpid()}.json").write_text(json.dumps([cards, began, time.monotonic()]))
"""


class Machine:
    """Its tools and leases lie in a folder; what its jobs write down lies in another one."""

    def __init__(self, folder: Path, listing: str = f"cat <<'.'\n{LISTED}.\n"):
        self.spans = folder / "spans"
        for name in ("bin", "tmp", "spans"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        tool = folder / "bin/nvidia-smi"
        tool.write_text(f"#!/bin/sh\n{listing}")
        tool.chmod(0o755)
        there = {name: value for name, value in os.environ.items() if name != "DCCT_LEASE"}
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        self.environment = {**there, "PATH": path, "TMPDIR": str(folder / "tmp")}
        self.environment.pop("CUDA_VISIBLE_DEVICES", None)

    def start(
        self, count: int, seconds: float = 0, code: str = JOB, *words: str, **more: str
    ) -> subprocess.Popen:
        """A job of so many cards, which holds them so long, as from a terminal, whatever the suite
        was started with. words: further arguments. more: of the environment."""
        return subprocess.Popen(
            [sys.executable, "-c", code, str(self.spans), str(count), str(seconds), *words],
            env=self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )

    def check(self, wanted: list[int]) -> None:
        """So many cards each job had, never one that another had meanwhile; all were used."""
        spans = [json.loads(file.read_text()) for file in self.spans.iterdir()]
        assert sorted(len(cards) for cards, *_ in spans) == sorted(wanted)
        assert {card for cards, *_ in spans for card in cards} == set(UUIDS)
        for (one, began, ended), (other, start, end) in combinations(spans, 2):
            assert not set(one) & set(other) or ended <= start or end <= began
