"""What decides a step's numbers is found by following imports, and digested without what decides
none."""

import ast
import shutil

import pytest

from dcct.errors import ConfigError
from dcct.pipeline import code
from dcct.pipeline.code import code_of, files_of
from dcct.pipeline.steps import STEPS

CACHES = (
    *(code_of, files_of, code.imports_of, code._functions, code._definitions),
    *(code._digest, code._tree, code._module_files),
)


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """edited(file, old, new): the digest of training's code after an edit of a copy of it."""
    package = shutil.copytree(code.PACKAGE, tmp_path / code.PACKAGE.name)

    def digest(file="losses.py", old="", new=""):
        text = (package / file).read_text()
        assert old in text
        (package / file).write_text(text.replace(old, new, 1))
        monkeypatch.setattr(code, "PACKAGE", package)
        for one in CACHES:
            one.cache_clear()
        return code_of("train", STEPS["train"].modules)

    yield digest
    monkeypatch.undo()
    for one in CACHES:
        one.cache_clear()


def test_losses_decide_training_and_figures_do_not():
    """The closure of train holds losses, models and sampling, and nothing that moves, watches,
    ranks or shows."""
    names = {path.relative_to(code.PACKAGE).as_posix() for path in files_of(("training/loop.py",))}
    assert {"losses.py", "models/cca.py", "clips/sampling.py", "models/device.py"} <= names
    others = ("report", "runtime", "config", "provenance", "pipeline", "verbs", "evaluation")
    assert not [name for name in names if name.startswith(others)]


def test_docstrings_comments_and_spaces_decide_nothing(edited):
    """Whatever is said about code beside it."""
    before = edited()
    assert edited("losses.py", '"""', '"""Said otherwise. ') == before
    assert edited("training/schedule.py", "\n\n\n", "\n\n\n# a remark\n\n") == before
    assert edited("runtime/progress.py", "LINE_EVERY_S = 10.0", "LINE_EVERY_S = 5.0") == before


def test_digest_is_the_same_under_every_python():
    """Of a definition as Python 3.11 reads it, and as later ones do, with a field for type
    parameters; one with such parameters is another."""
    here, later, generic = (ast.parse("def f():\n    return 1").body[0] for _ in range(3))
    here._fields = tuple(name for name in here._fields if name != "type_params")
    for node, parameters in ((later, []), (generic, ["T"])):
        node._fields = (*here._fields, "type_params")
        node.type_params = parameters
    assert code._said(here) == code._said(later) != code._said(generic)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("losses.py", "return ", "return 2 * "),
        ("verbs/training.py", "seed=seed,", "seed=seed + 1,"),
    ],
)
def test_a_term_of_the_loss_decides_training(edited, file, old, new):
    """So does what its verb hands on: it is made again."""
    before = edited()
    assert edited(file, old, new) != before


@pytest.mark.parametrize("verb", ["sample", "extract"])
def test_a_constant_that_a_verb_names_decides_its_step(verb):
    """Wherever it stands among the verbs: samplers of the controls decide clips and features."""
    named = [code.ast.unparse(node) for node in code._named_in(verb)]
    assert any(line.startswith("CONTROLS") for line in named)


def test_a_local_variable_is_none_of_another_file(edited):
    """Whatever another verb's file calls by its name."""
    before = edited()
    assert (
        edited("verbs/using.py", "app = typer.Typer()", "app = profile = typer.Typer()") == before
    )


def test_the_drawing_decides_the_source():
    """The embedded set's layouts, and whatever they draw with."""
    names = {
        path.relative_to(code.PACKAGE).as_posix() for path in files_of(STEPS["source"].modules)
    }
    assert {"walkers/layout.py", "walkers/pose.py", "walkers/mars_layout.py"} <= names


def test_a_module_that_is_not_there_is_refused():
    """Else a slip of the pen in the table of steps would leave its code out of the digest."""
    with pytest.raises(ConfigError, match="no such module"):
        files_of(("training/lopp.py",))
