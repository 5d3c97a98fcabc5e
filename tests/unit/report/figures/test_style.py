"""Every variant has its own look, and it follows from the variant's parts."""

import pytest
from matplotlib.figure import Figure

from dcct.config.load import load_variant, names_of
from dcct.config.variant import Variant
from dcct.pipeline.steps import read_pipeline
from dcct.report.figures.cmc import one_of_each_kind
from dcct.report.figures.style import looks


class Other(Variant):
    """A schema with a part that no figure knows."""

    memory: int | None = None
    """Its size."""


@pytest.fixture
def shipped(root) -> dict[str, Variant]:
    configfile = root / "config/config.yaml"
    return {name: load_variant(name, configfile) for name in names_of("variants", configfile)}


def _other(variant: Variant, **changes) -> Variant:
    return Other(**variant.model_dump() | changes)


def _distinct(found: dict[str, dict]) -> bool:
    return len({tuple(look.items()) for look in found.values()}) == len(found)


def test_no_two_shipped_variants_look_the_same(shipped):
    """All in one figure, in any order."""
    assert _distinct(looks(shipped))
    assert _distinct(looks(dict(reversed(shipped.items()))))


def test_new_variants_get_looks_that_nobody_has(shipped):
    """Other attentions, gates off, other widths, a part that is not known here; and what is drawn
    can be drawn."""
    wide, dcct = {"levels": 1, "gate": False, "width_factor": 3.0}, shipped["dcct"]
    new = {
        "self": _other(dcct, cca=["self"]),
        "cross": _other(dcct, cca=["cross"]),
        "sum": _other(dcct, cca=["self"], hta={"levels": 2, "gate": False}),
        "wide": _other(dcct, hta=wide),
        **{f"memory{size}": _other(dcct, hta=None, memory=size) for size in range(70)},
    }
    found = looks({**shipped, **new})
    assert _distinct(found)
    axes = Figure().add_subplot()
    for style in found.values():
        axes.plot([0, 1], [0, 1], **style)
    axes.figure.canvas.draw()


def test_parts_decide_a_look_and_words_do_not(shipped):
    """Alone in a figure, and under another name, a variant looks as it does among the default
    run's."""
    default = {name: shipped[name] for name in ("cnn", "vit", "coupled", "cca", "dcct", "dcct-fd")}
    among = looks(default)
    for name, variant in default.items():
        renamed = variant.model_copy(update={"title": "Something else", "headline": "base"})
        assert looks({"another": renamed})["another"] == among[name]


def test_cmc_shows_one_variant_of_each_kind(root, shipped):
    """Of the default run the components of the paper; of widths only the one that is pictured; a
    part that is not known here is a kind of its own."""
    pipeline = read_pipeline(root / "config/config.yaml")
    default = {name: shipped[name] for name in pipeline.profile.evaluated}
    curves = ["cnn", "vit", "coupled", "cca", "dcct", "dcct-fd-ld"]
    assert one_of_each_kind(default, "dcct") == curves
    memory = {"memory": _other(shipped["cca"], memory=1)}
    assert one_of_each_kind({**default, **memory}, "dcct") == [*curves, "memory"]
    widths = {name: shipped[name] for name in ("dcct-d256", "dcct", "dcct-d1024")}
    assert one_of_each_kind(widths, "dcct") == ["dcct"]
