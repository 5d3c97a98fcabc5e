"""What decides a step's numbers is found by following imports."""

from dcct.pipeline.code import code_of


def test_losses_decide_training_and_figures_do_not():
    """The closure of train holds losses, models and sampling, and nothing of reports, ranking or
    the command."""
    names = {path.as_posix() for path in code_of("train")}
    assert {
        "dcct/losses.py",
        "dcct/models/cca.py",
        "dcct/clips/sampling.py",
        "dcct/config/profile.py",
    } <= names
    assert not [
        name
        for name in names
        if "report" in name or name in ("dcct/cli.py", "dcct/config/table.py", "dcct/paths.py")
    ]
