"""The order of variants under two ways to judge them."""

import math

import pytest

from dcct.evaluation.order import order_of


def test_one_pair_of_three_flips():
    """Two of three pairs keep their order: τ is (2 − 1) / 3."""
    order = order_of({"a": 3, "b": 2, "c": 1}, {"a": 2, "b": 3, "c": 1})
    assert order.tau == pytest.approx(1 / 3)
    assert order.flips == [("a", "b")]


def test_what_is_reversed_flips_in_every_pair():
    """The better one before is named first, wherever it stands in the list."""
    order = order_of({"a": 1, "b": 2, "c": 3}, {"a": 3, "b": 2, "c": 1})
    assert order.tau == pytest.approx(-1)
    assert order.flips == [("c", "b"), ("c", "a"), ("b", "a")]


def test_where_all_are_alike_there_is_no_order():
    """No pair flips, and no τ is made up."""
    order = order_of({"a": 1, "b": 2}, {"a": 1, "b": 1})
    assert math.isnan(order.tau)
    assert order.flips == []
