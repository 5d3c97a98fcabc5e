"""mAP of every variant after each kept epoch of its training, and after the last."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcct.config.label import at_epoch
from dcct.evaluation.statistics import Estimate
from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.comparison import Comparison, load_comparison
from dcct.report.figures.style import GREY, new_figure, say_not_run
from dcct.report.tables.results import load_results, sample


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """One line a variant. What was not run is named."""
    compared = load_comparison(pipeline, dataset)
    figure = new_figure(8, 4.6, f"mAP over the epochs of training on {compared.where}")
    axes = figure.add_subplot()
    absent = []
    for name, variant in compared.variants.items():
        if variant.trained and not _line(axes, pipeline, dataset, name, compared):
            absent.append(variant.title)
    last = pipeline.profile.training.epochs
    axes.set_xticks([*pipeline.profile.kept, last])
    axes.set_xlabel("epoch")
    axes.set_ylabel("mAP in %")
    axes.set_title(
        f"bars: {compared.bars}; choosing an epoch here is no evaluation",
        color=GREY,
    )
    say_not_run(axes, absent)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _line(
    axes: Axes, pipeline: Pipeline, dataset: str, name: str, compared: Comparison
) -> list[Estimate]:
    """What was found of a variant after each epoch that was evaluated."""
    profile, headline = pipeline.profile, compared.variants[name].headline
    labels = {at_epoch(name, epoch): epoch for epoch in profile.kept}
    runs = load_results(pipeline, dataset, labels) | {name: compared.results[name]}
    made = {label: found for label, found in runs.items() if found}
    epochs = [labels.get(label, profile.training.epochs) for label in made]
    estimates = [
        sample(found, "mAP", found[0].headline["sampler"], headline).estimate(compared.resamples)
        for found in made.values()
    ]
    style, title = compared.looks[name], compared.variants[name].title
    if estimates:
        axes.plot(epochs, [one.mean for one in estimates], label=title, **style)
    for epoch, one in zip(epochs, estimates, strict=True):
        axes.plot([epoch, epoch], one.ends, color=style["color"], linewidth=0.6)
    return estimates
