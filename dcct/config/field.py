"""The field: every method of every file of published numbers, each with the file that has it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dcct.config.published import Method, Percents, Published


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """A method's published numbers, as one file has them."""

    name: str
    """Of the method, as it is printed."""
    paper: str
    """Name of the file."""
    published: Published
    """All that the file says."""

    @property
    def method(self) -> Method:
        return self.published.methods[self.name]

    @property
    def values(self) -> dict[str, Percents]:
        """Data set → metric → percent. A number that is absent is not known, and stays so."""
        variant = self.method.variant
        return self.published.values[variant] if variant else self.method.values


def field_of(papers: Mapping[str, Published]) -> Iterator[Quoted]:
    """All methods, file by file. papers: name of the file → what it says."""
    for paper, published in papers.items():
        for name in published.methods:
            yield Quoted(name=name, paper=paper, published=published)
