"""A paper's numbers beside ours, and in what a row was made otherwise than the paper's, found by
comparing."""

from collections.abc import Iterator
from dataclasses import dataclass

from dcct.config.profile import Profile
from dcct.config.published import Published
from dcct.report.tables.cells import AS_PUBLISHED
from dcct.report.tables.results import Result


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper's numbers on one data set."""

    published: Published
    """All of its numbers, and how they were made."""
    dataset: str
    """The data set."""
    splits: int
    """How many standard ones the data set has."""
    settings: list[str]
    """What the profile has otherwise, in words."""

    def beside(self, variant: str, row: dict, runs: list[Result]) -> dict:
        """What stands beside a row's scores: the variant's numbers, ours minus them, and how the
        row differs.

        published: the source, where any number of the variant was verified, be it on another data
        set.
        """
        known = self.published.values.get(variant)
        found: dict[str, str | float | None] = {
            "published": self.published.source if known else None,
            "unlike_published": "; ".join(self.differences(runs)) or AS_PUBLISHED if runs else None,
        }
        for metric, value in (known or {}).get(self.dataset, {}).items():
            found[f"{metric}_published"] = value
            if runs:
                found[f"{metric}_minus_published"] = row[metric] - value
        return found

    def differences(self, runs: list[Result]) -> list[str]:
        """What was not done as for the published numbers, in words; of several runs, what any of
        them differs in."""
        wanted = self.published.protocol | self.published.sets[self.dataset]
        found = [line for run in runs for line in differing(wanted, run.headline)]
        done = sorted({run.split for run in runs})
        if len(done) < self.splits:
            found.append(f"splits {' '.join(map(str, done))} instead of all {self.splits}")
        return list(dict.fromkeys([*found, *self.settings]))


def paper_on(published: Published, dataset: str, splits: int, profile: Profile) -> Paper | None:
    """The paper's numbers on a data set; None where none can apply, as on drawn people."""
    if dataset not in published.sets:
        return None
    settings = differing_settings(published, profile)
    return Paper(published=published, dataset=dataset, splits=splits, settings=settings)


def differing_settings(published: Published, profile: Profile) -> list[str]:
    """How the profile's settings differ from the paper's, in words."""
    ours = profile.model_dump(mode="json")
    found = [
        line
        for section, keys in published.settings.items()
        for key, wanted in keys.items()
        for line in _differing(f"{section}.{key}", wanted, ours[section].get(key))
    ]
    weights = {key: ours["weights"][key] for key in ("source", "cnn", "vit")}
    if weights not in published.weights:
        found.append(f"weights {' '.join(value for value in weights.values() if value)}")
    return found


def differing(wanted: dict, ours: dict) -> list[str]:
    """Keys of `wanted` that are otherwise in ours, in words."""
    return [line for key, value in wanted.items() for line in _differing(key, value, ours.get(key))]


def _differing(key: str, wanted: object, ours: object) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(ours, dict):
        for name in {**wanted, **ours}:
            yield from _differing(f"{key}.{name}", wanted.get(name), ours.get(name))
    elif wanted != ours:
        yield f"{key} {_in_words(ours)} instead of {_in_words(wanted)}"


def _in_words(value: object) -> str:
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
