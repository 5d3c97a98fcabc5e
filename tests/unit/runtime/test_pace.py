"""How long a run still takes."""

from dcct.runtime import pace
from dcct.runtime.pace import Pace, Running


def test_time_left_follows_from_what_steps_took(monkeypatch):
    """Each kind has its own mean, others the mean of short ones; work at once counts; nothing is
    said before each long kind has an example; what has begun is not counted twice."""
    clock = [0.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock[0])
    run = Pace({"train": 2, "rank": 3, "draw_cmc": 1, "all": 1, "total": 7}, long=["train"])
    assert run.total == 6

    def begin(job: int, kind: str) -> None:
        run.running[job] = Running(kind=kind, name=kind, logs=[], since=clock[0])

    begin(1, "rank")
    clock[0] = 2.0
    run.finish(1)
    assert run.left() is None
    begin(2, "train")
    clock[0] = 12.0
    run.finish(2)
    assert run.left() == 10.0 + 2 * 2.0 + 2.0
    assert str(run) == "0:00:12  2 of 6 steps, about 0:00:16 left"
    begin(3, "train")
    begin(4, "rank")
    clock[0] = 16.0  # 12 seconds of work by one, 8 by two in 4 seconds
    assert run.left() == (16.0 - 4.0 - 2.0) / (20.0 / 16.0)


def test_little_is_known_of_kinds_without_an_example(monkeypatch):
    """A quick table tells nothing of twenty extractions, where no training dwarfs both."""
    clock = [0.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock[0])
    run = Pace({"tabulate": 2, "extract": 20})
    run.running[1] = Running(kind="tabulate", name="", logs=[], since=0.0)
    clock[0] = 1.0
    run.finish(1)
    assert run.left() is None
