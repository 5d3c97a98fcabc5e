"""Search among tracklets whose identities nobody knows, and which of them are one person."""

from dataclasses import replace

import numpy as np
import pytest

from dcct.config.profile import Reranking
from dcct.evaluation.calibration import Point
from dcct.find.link import Span, same_people
from dcct.find.matches import Tracklets, find_matches
from dcct.find.meaning import Meaning


def tracklets(count: int, root: str = "here", seed: int = 0) -> Tracklets:
    draw = np.random.default_rng(seed)
    cameras = [f"cam{number % 3}" for number in range(count)]
    return Tracklets(
        keys=[f"{camera}/{number}" for number, camera in enumerate(cameras)],
        cameras=cameras,
        frames=[["1.jpg"]] * count,
        features=draw.normal(size=(count, 8)).astype(np.float32),
        root=root,
    )


def _expected(query: Tracklets, gallery: Tracklets, left_out: np.ndarray) -> np.ndarray:
    unit = [
        one.features / np.linalg.norm(one.features, axis=1)[:, None] for one in (query, gallery)
    ]
    return np.where(left_out, np.inf, 1 - unit[0] @ unit[1].T)


@pytest.mark.parametrize("other_cameras", [False, True])
def test_matches_are_the_closest_that_may_be_compared(other_cameras):
    """A query never finds itself, nor, if so asked, its own camera; where fewer are left than were
    asked for, places are −1."""
    gallery = tracklets(20)
    found = find_matches(gallery, gallery, top=15, other_cameras=other_cameras)
    same = np.array(gallery.cameras)[:, None] == gallery.cameras
    expected = _expected(gallery, gallery, same if other_cameras else np.eye(20, dtype=bool))
    order = np.argsort(expected, axis=1, kind="stable")[:, :15]
    known = np.isfinite(np.take_along_axis(expected, order, 1))
    assert np.array_equal(found.places, np.where(known, order, -1))
    assert np.allclose(found.distances, np.take_along_axis(expected, order, 1), atol=1e-6)


def test_a_tracklet_of_the_same_name_elsewhere_is_found():
    """Only of one's own folder is a tracklet of the same camera and name the query itself."""
    query, gallery = tracklets(5), tracklets(5, root="there")
    assert find_matches(query, gallery, top=1).places[:, 0].tolist() == list(range(5))


def test_reranked_matches_keep_their_plain_distances():
    """Their order is that of neighbours; what a distance means is measured on plain ones."""
    query, gallery = tracklets(6, "there", 1), tracklets(60)
    plain = find_matches(query, gallery, top=60)
    found = find_matches(query, gallery, top=10, reranking=Reranking())
    assert not np.array_equal(found.places, plain.places[:, :10])
    for row in range(6):
        known = dict(zip(plain.places[row], plain.distances[row], strict=True))
        assert [known[one] for one in found.places[row]] == found.distances[row].tolist()


def test_a_distance_means_what_the_next_larger_threshold_does():
    """Never less than is known, and nothing beyond all of them."""
    points = [
        Point(allowed=rate, distance=10 * rate, false_rate=rate, low=0, high=1, true_rate=1)
        for rate in (0.001, 0.01)
    ]
    known = Meaning(points=points, measured_on="people")
    found = [known.of(distance).allowed for distance in (0.0, 0.01, 0.05, 0.1)]
    assert found == [0.001, 0.001, 0.01, 0.01]
    assert known.of(0.2) is None
    assert [known.distance(rate) for rate in (0.0001, 0.005, 0.01)] == [0.01, 0.01, 0.1]


def test_what_one_camera_sees_at_once_is_never_one_person():
    """However alike: neither by itself, nor through a third tracklet that is like both."""
    features = np.array([[1, 0], [1, 0.01], [1, 0.005], [0, 1]])
    together = same_people(features, [None] * 4, 0.1)
    assert together.tolist() == [1, 1, 1, 2]
    spans = [
        Span(camera="a", first=1, last=10),
        Span(camera="a", first=10, last=20),
        Span(camera="b", first=1, last=30),
        None,
    ]
    apart = same_people(features, spans, 0.1)
    assert apart[0] != apart[1]
    assert apart[2] in apart[:2]


def test_many_who_are_alike_do_not_outweigh_two_at_once():
    """Nor where groups are so large that those two hardly change the mean of their distances."""
    draw, half = np.random.default_rng(0), 1200
    features = np.repeat([[1.0, 0.0], [1.0, 0.5]], half, axis=0) + draw.normal(0, 0.01, (2400, 2))
    spans = [None] * (2 * half)
    spans[0] = spans[half] = Span(camera="a", first=1, last=10)
    found = same_people(features, spans, 1.5)
    assert found[0] != found[half]


def test_a_query_does_not_find_itself_through_a_link(tmp_path):
    """However its folder is reached, and however many matches are asked for."""
    gallery = tracklets(5, str(tmp_path / "there"))
    for key in gallery.keys:
        (tmp_path / "there" / key).mkdir(parents=True)
    (tmp_path / "link").symlink_to("there")
    query = replace(gallery, root=str(tmp_path / "link"))
    found = find_matches(query, gallery, top=10**12)
    assert found.places.shape == (5, 5)
    assert [set(row) for row in found.places] == [{*range(5), -1} - {row} for row in range(5)]
