"""What a training shows and leaves for people: live view, plain lines, trace."""

import io
import json

from rich.console import Console

from dcct.runtime.profiler import traced
from dcct.runtime.progress import Progress
from dcct.runtime.view import View
from dcct.training.loop import fit


def shown(run, folder, **console) -> str:
    screen = Console(file=io.StringIO(), width=200, **console)
    with View(Progress("train", screen)) as view:
        fit(run, folder, view)
    return screen.file.getvalue()


def test_a_log_gets_one_plain_line_for_each_epoch(run, tmp_path):
    """With every loss term's mean, and no control characters."""
    text = shown(run("dcct", epochs=3), tmp_path)
    epochs = [line for line in text.splitlines() if line.startswith("[train] epoch")]
    assert len(epochs) == 3
    assert "frame_ce_cnn" in epochs[0]
    assert "clip_triplet_temporal" in epochs[0]
    assert "\x1b" not in text


def test_a_terminal_sees_place_terms_speed_and_memory(run, tmp_path):
    """The live view draws the step, each loss term, images/s, time left and memory."""
    text = shown(run("dcct", epochs=3), tmp_path, force_terminal=True, color_system=None)
    for part in ("epoch 1/3", "step", "images/s", "left", "GiB", "clip_triplet_temporal"):
        assert part in text


def test_a_trace_changes_nothing_and_names_the_steps_operations(run, tmp_path):
    """--profile: a readable trace of a few steps; the checkpoint has the bytes of a run without
    it."""
    fit(run("cnn", epochs=6, work="plain"), tmp_path / "plain", View(Progress()))
    with traced(tmp_path / "trace.json") as mark_step:
        fit(run("cnn", epochs=6), tmp_path / "traced", View(Progress(), mark_step))
    events = {
        event.get("name")
        for event in json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    }
    assert {"aten::conv2d", "Optimizer.step#Adam.step"} <= events
    assert (
        len({(tmp_path / name / "model.safetensors").read_bytes() for name in ("plain", "traced")})
        == 1
    )
