"""What figures share that compare the variants of a profile on one data set."""

from dataclasses import dataclass
from itertools import chain

from dcct.config.foreign import MARK, Foreign
from dcct.config.variant import Variant
from dcct.evaluation.statistics import Estimate, Sample
from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.style import GREY, Style, looks
from dcct.report.tables.results import Result, described, load_results, sample

CHANCE_LINE: Style = {"color": GREY, "linestyle": (0, (1, 2))}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All that is trained on a data set, and evaluated."""

    variants: dict[str, Variant]
    """In the profile's order."""
    results: dict[str, list[Result]]
    """Of each variant by split and seed; an empty list where nothing was run."""
    looks: dict[str, Style]
    """How each is drawn."""
    where: str
    """Title of the data set, marked if it differs from what is expected, with what marks say."""
    resamples: int
    """Of the identities, for intervals."""

    def estimate(self, name: str, metric: str) -> Estimate:
        """A variant's metric at its headline feature set."""
        return self._sample(name, metric, self.results[name]).estimate(self.resamples)

    def difference(self, name: str, other: str, metric: str) -> Estimate | None:
        """The paired difference of a variant to another one, over the splits and seeds that both
        have; None where there are none."""
        both = set.intersection(
            *({(run.split, run.seed) for run in self.results[one]} for one in (name, other))
        )
        if not both:
            return None
        ours, theirs = (
            self._sample(
                one, metric, [run for run in self.results[one] if (run.split, run.seed) in both]
            )
            for one in (name, other)
        )
        return (ours - theirs).estimate(self.resamples)

    def _sample(self, name: str, metric: str, runs: list[Result]) -> Sample:
        return sample(runs, metric, runs[0].headline["sampler"], self.variants[name].headline)

    @property
    def any_run(self) -> Result | None:
        """A run that knows the exact expectation of a random ranking; None where nothing was
        run."""
        return next((runs[0] for runs in self.results.values() if runs), None)

    @property
    def bars(self) -> str:
        """What the intervals of the figure cover."""
        runs = [run for several in self.results.values() for run in several]
        over = [name for name in ("split", "seed") if len({getattr(run, name) for run in runs}) > 1]
        if not over:
            return "95 % intervals over test identities alone: one training ranks no variants"
        return f"95 % intervals over {over[0]}s and test identities"

    def small_marks(self, marks: str) -> str:
        """What the small marks are, if there are any: single splits, or seeds."""
        runs = [run for several in self.results.values() for run in several]
        for name in ("split", "seed"):
            if len({getattr(run, name) for run in runs}) > 1:
                return f"{marks}: single {name}s"
        return ""


def load_comparison(pipeline: Pipeline, dataset: str) -> Comparison:
    """Read the metrics of every variant. Raises DataError at damaged ones."""
    results = load_results(pipeline, dataset)
    variants = {name: pipeline.variant(name) for name in pipeline.profile.evaluated}
    where = described(pipeline.dataset(dataset).title, chain.from_iterable(results.values()))
    if any(isinstance(variant, Foreign) for variant in variants.values()):
        where += f" ({MARK} not ours)"
    return Comparison(
        variants=variants,
        results=results,
        looks=looks(variants),
        where=where,
        resamples=pipeline.profile.evaluation.bootstrap,
    )
