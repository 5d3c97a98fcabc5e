"""Variants that are not ours: marked wherever they are named, and without a part of DCCT."""

import pytest

from dcct.config.foreign import MARK, ForeignFeatures, ForeignMethod, kind_of, network_keys
from dcct.config.load import check, load_variant
from dcct.errors import ConfigError
from dcct.pipeline.steps import NETWORK

FILE = {"title": "Theirs", "headline": "x", "features": "a/{dataset}/{split}-{seed}.parquet"}
METHOD = {"title": "Theirs", "headline": "x", "method": "package.module:build"}
BAD = [
    (FILE | {"features": "a/{variant}.npz"}, r"features: .*braces.*\(but \{dataset\}, \{split\}"),
    (FILE | {"trained": True}, "trained: Input should be False"),
    (FILE | {"cca": ["self"]}, "cca is of DCCT, and this is not ours: leave it out"),
    (FILE | {"method": "a:b"}, "method: unknown key"),
    (METHOD | {"method": "package.module"}, "name a module and a function in it"),
    (METHOD | {"method": "a b:c"}, "name a module and a function in it"),
    (METHOD | {"args": {"height": 3}}, r"args\.height is given by the profile"),
]


@pytest.mark.parametrize("content", [FILE, METHOD], ids=["features", "method"])
def test_a_title_says_that_it_is_not_ours(content):
    """Once, however often it is read."""
    once = check(content, kind_of(content), "x")
    again = check(content | {"title": once.title}, kind_of(content), "x")
    assert once.title == again.title == f"Theirs {MARK}"
    assert isinstance(once, ForeignFeatures | ForeignMethod)


@pytest.mark.parametrize(("content", "complaint"), BAD, ids=[line for _, line in BAD])
def test_what_it_cannot_say_is_refused(content, complaint):
    """In one line that begins with the file."""
    with pytest.raises(ConfigError, match=rf"^x: .*{complaint}"):
        check(content, kind_of(content), "x")


def test_our_own_settings_know_nothing_of_it(root):
    """The keys that decide a network of ours are those of DCCT alone: no digest changes by what
    others may say."""
    assert network_keys(load_variant("dcct", root / "config/config.yaml")) == NETWORK
    assert not {"features", "method", "args", "about"} & set(NETWORK)
