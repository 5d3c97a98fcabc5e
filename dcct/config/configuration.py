"""A checked profile with everything that it names, each file read once."""

from functools import cache, cached_property
from pathlib import Path
from typing import Any

from dcct.config import load
from dcct.config.claims import Claims
from dcct.config.dataset import Dataset
from dcct.config.field import Quoted, field_of
from dcct.config.foreign import Foreign
from dcct.config.label import at_epoch, variant_of
from dcct.config.published import Published
from dcct.config.table import Shown, Table, shown
from dcct.config.variant import Variant
from dcct.errors import ConfigError


class Configuration:
    """What a profile says, and the data sets, variants, tables and published numbers beside it.

    Raises ConfigError, one line, at the first thing in any of its files that is wrong.
    """

    def __init__(self, configfile: Path):
        self.configfile = configfile
        self.profile = load.load_profile(configfile)
        self.data, self.results = Path(self.profile.data_dir), Path(self.profile.results_dir)
        self._read = cache(self._load)

    def dataset(self, name: str) -> Dataset:
        return self._read("datasets", name)

    def variant(self, label: str) -> Variant:
        """The variant of a label: itself, or what stands before @ where another set trained it."""
        return self._read("variants", variant_of(label))

    def table(self, name: str) -> Table:
        """With the pairs of the claims that it is of, if it is of any; and with what no table
        names, if it is the one that shows that."""
        table = self._as_named(name)
        if yours := self.unnamed(name):
            return table.model_copy(update={"rows": [*table.rows, *yours]})
        return table

    def unnamed(self, table: str) -> list[str]:
        """What is evaluated and no table of the profile names, of the first table that compares
        variants; of any other, nothing. What was trained should be seen somewhere."""
        return self._unnamed.get(table, [])

    @cached_property
    def _unnamed(self) -> dict[str, list[str]]:
        tables = {name: self._as_named(name) for name in self.profile.tables}
        named = {name for one in tables.values() for name in one.variants}
        left = [name for name in self.profile.evaluated if name not in named]
        first = [name for name in tables if tables[name].compare == "variants"][:1]
        return dict.fromkeys(first, left)

    def _as_named(self, name: str) -> Table:
        table = self._read("tables", name)
        if table.claims:
            return table.model_copy(update={"pairs": self.claims(table.claims).pairs})
        return table

    def claims(self, name: str) -> Claims:
        return self._read("claims", name)

    def published(self, name: str) -> Published:
        return self._read("published", name)

    def published_names(self) -> list[str]:
        """All files of published numbers, beside the profile and shipped."""
        return load.names_of("published", self.configfile)

    @cached_property
    def field(self) -> list[Quoted]:
        """Every method whose numbers are published in any of them."""
        return list(field_of({name: self.published(name) for name in self.published_names()}))

    @property
    def field_sets(self) -> list[str]:
        """Data sets of which any method's mAP is published, whether the profile runs them or
        not."""
        sets = [name for one in self.field for name in one.values if "mAP" in one.values[name]]
        return list(dict.fromkeys(sets))

    @property
    def reproduced(self) -> list[str]:
        """Variants that are evaluated and reproduce a published method."""
        wanted = {one.method.variant for one in self.field}
        return [name for name in self.profile.evaluated if name in wanted]

    def variant_names(self) -> list[str]:
        """All variants beside the profile, whether it runs them or not, that can be read."""
        unread = self.unreadable_variants
        return [name for name in load.names_of("variants", self.configfile) if name not in unread]

    @cached_property
    def unreadable_variants(self) -> dict[str, str]:
        """Variants beside the profile that it does not name → what is wrong with their files. They
        harm nobody."""
        found = {}
        for name in load.names_of("variants", self.configfile):
            try:
                self.variant(name)
            except ConfigError as error:
                found[name] = str(error)
        return found

    def dataset_names(self) -> list[str]:
        """All data sets beside the profile, whether it runs them or not."""
        return load.names_of("datasets", self.configfile)

    def splits(self, dataset: str) -> list[int]:
        """The splits of a data set that are run."""
        return load.splits_of(self.dataset(dataset), self.profile)

    def labels(self, dataset: str) -> list[str]:
        """What is evaluated on a data set: what it trains, and variant@data set."""
        trained = self.profile.evaluated if dataset in self.profile.datasets else []
        return [*trained, *self.profile.crossed(dataset)]

    def kept(self, dataset: str) -> list[str]:
        """What is evaluated on a data set beside its labels: what it trains, after each epoch whose
        weights are kept."""
        names = self.trained if dataset in self.profile.datasets else []
        return [at_epoch(name, epoch) for name in names for epoch in self.profile.kept]

    @property
    def trained(self) -> list[str]:
        """Of what is evaluated, what is not at its initial weights."""
        return [name for name in self.profile.evaluated if self.variant(name).trained]

    def parts(self, table: str) -> list[Shown]:
        """What a table shows of each data set."""
        return shown(self.table(table), self.profile, self.trained)

    @property
    def shown_variant(self) -> str:
        """The variant that is pictured: dcct, or the profile's last one that is ours, if any is."""
        variants = self.profile.variants
        ours = [name for name in variants if not isinstance(self.variant(name), Foreign)]
        return "dcct" if "dcct" in ours else (ours or variants)[-1]

    def missing(self) -> list[str]:
        """What the user must put in place before anything can run, one line each."""
        found = []
        for name in self.profile.tested:
            dataset, root = self.dataset(name), self.data / name
            absent = [need for need in dataset.needs if not (root / need).exists()]
            if absent and dataset.path and (lacks := dataset.absent_at(Path(dataset.path))):
                file = load.config_file("datasets", name, self.configfile)
                place = f"no {', '.join(lacks)} at {dataset.path}"
                found.append(f"{root}: {place}: put `path` right in {file}")
            elif absent and not self._obtainable(dataset):
                how = " ".join(dataset.get.split())
                state = f"{dataset.title}, {dataset.state}"
                found.append(f"{root}: no {', '.join(absent)} ({state}): {how}")
        weights = self.profile.weights
        files = [Path(weights.folder or "", name) for name in (weights.cnn, weights.vit) if name]
        if weights.source == "folder":
            how = "pretrained weights: see weights in config/README.md"
            found += [f"{path}: {how}" for path in files if not path.exists()]
        return found

    @property
    def archives(self) -> Path:
        """Archives of data sets, fetched or put there by hand."""
        return self.data / "archives"

    def settings(self, kind: str, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
        """Values of keys (dotted) of a configuration file, as JSON; without keys, of all."""
        content = self._dumped(kind, name)
        return {key: _value(content, key) for key in keys or content}

    @cached_property
    def _dumps(self) -> dict[tuple[str, str], dict]:
        return {}

    def _dumped(self, kind: str, name: str) -> dict:
        if (kind, name) not in self._dumps:
            model = self.profile if kind == "profile" else self._read(kind, variant_of(name))
            self._dumps[kind, name] = model.model_dump(mode="json")
        return self._dumps[kind, name]

    def _load(self, kind: str, name: str):
        return load.load_named(kind, name, self.configfile)

    def _obtainable(self, dataset: Dataset) -> bool:
        """Whether the source step can put the set in place: linked, or unpacked under accepted
        terms."""
        at_hand = dataset.archives and not dataset.to_be_asked_for(self.archives)
        return bool(dataset.path or (dataset.accept_license and at_hand))


def _value(content: dict, key: str) -> Any:
    for name in key.split("."):
        content = content[name]
    return content
