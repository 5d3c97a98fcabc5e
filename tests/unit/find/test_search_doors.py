"""What a search reads and where it writes: right, or refused in one line, and nothing is lost."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dcct.datasets.tracklet_folders import found_in
from dcct.errors import DcctError
from dcct.evaluation.embedded import read_embedded
from dcct.evaluation.thresholds import BINS
from dcct.files import read_json, write_json
from dcct.find.meaning import meaning_for
from dcct.find.search import Wish
from dcct.find.writing import write_search
from dcct.report.page.sprites import spaced
from dcct.runtime.progress import Progress
from dcct.verbs.using import search
from tests.unit.find.conftest import FRAMES

LINKED = Wish(link=True, within=0.3)
POINTS = [
    {"allowed": rate, "distance": at, "false_rate": rate, "low": 0, "high": 1, "true_rate": 1}
    for rate, at in ((0.001, 0.1), (0.01, 0.2))
]
ROW = {
    "sampler": "begin",
    "feature": "all",
    "identities": 7,
    "true_pairs": 3,
    "false_pairs": 4,
    "points": POINTS,
    "histograms": {"true": [0] * BINS, "false": [0] * BINS},
}


@pytest.fixture(scope="module")
def model(model_into, tmp_path_factory):
    return model_into(tmp_path_factory.mktemp("model") / "dcct")


@pytest.fixture(scope="module")
def drawn(draw_into, tmp_path_factory):
    root = tmp_path_factory.mktemp("drawn") / "people"
    for camera, name in enumerate(("door", "yard"), 1):
        draw_into(root / name / "1", 1, camera)
    return root


@pytest.fixture
def people(drawn, tmp_path):
    """A person before two cameras."""
    return shutil.copytree(drawn, tmp_path / "people")


def _search(model, query, gallery, folder, wish=LINKED):
    return write_search(model, query, gallery, wish, folder, Progress())


def _content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_query_and_one_tracklet_are_enough(model, people, tmp_path):
    """Each finds the other, and a tracklet that is searched for in itself finds nothing; also
    re-ranked, and into a folder that is a link to one elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    for wish in (LINKED, Wish(rerank=True)):
        found = _search(model, people / "door/1", people / "yard", tmp_path / "link", wish)
        assert found.matches.places[:, 0].tolist() == [0]
        alone = _search(model, people / "door", people / "door/1", tmp_path / "link", wish)
        assert set(alone.matches.places.flat) == {-1}
    assert (tmp_path / "elsewhere/index.html").is_file()


def test_a_damaged_frame_costs_no_earlier_search(model, people, tmp_path):
    """Also one that the network does not look at, but the page would show: one line that names it,
    and the earlier page and tables stay."""
    _search(model, people, people, tmp_path / "out")
    before = _content(tmp_path / "out")
    used = read_embedded(tmp_path / "out/gallery.parquet")["frames"][0].as_py()
    every = found_in(people)[1][0].frames
    shown = next(every[at] for at in spaced(FRAMES)[::-1] if every[at] not in used)
    (people / shown).write_bytes((people / shown).read_bytes()[:-60])
    with pytest.raises(DcctError, match=f"{shown}: frame cannot be decoded"):
        _search(model, people, people, tmp_path / "out")
    assert _content(tmp_path / "out") == before


def _a_thesis(out):
    (out / "thesis.tex").touch()


def _a_page_that_is_a_folder(out):
    (out / "search.json").touch()
    (out / "index.html").mkdir()


def _a_link_to_other_tables(out):
    (out / "search.json").touch()
    (out / "elsewhere").mkdir()
    (out / "elsewhere/people.csv").write_text("mine")
    (out / "linked").symlink_to("elsewhere")


@pytest.mark.parametrize("fill", [_a_thesis, _a_page_that_is_a_folder, _a_link_to_other_tables])
def test_a_folder_of_other_things_is_left_alone(model, people, tmp_path, fill):
    """Whatever it holds stays, with one line."""
    out = tmp_path / "out"
    out.mkdir()
    fill(out)
    before = sorted(os.walk(out))
    with pytest.raises(DcctError, match=r"name another folder|move it elsewhere"):
        _search(model, people, people, out)
    assert sorted(os.walk(out)) == before


def test_findings_do_not_become_a_camera(model, people):
    """A folder within what is searched is refused before it is there."""
    with pytest.raises(DcctError, match="name a folder elsewhere"):
        _search(model, people / "door", people, people / "search")
    assert not (people / "search").exists()


@pytest.mark.parametrize("within", [float("nan"), -0.1, 3, "near"])
def test_what_is_no_distance_links_nobody(model, people, tmp_path, within):
    """From Python as well, where no command line checks it."""
    with pytest.raises(DcctError, match=r"expected a cosine distance from 0 to 2"):
        _search(model, people, people, tmp_path / "out", Wish(link=True, within=within))


@pytest.fixture
def trained(model, model_into, tmp_path):
    """A model where the workflow leaves it, and the metrics beside it."""
    checkpoint = tmp_path / "results/checkpoints/walkers/split0/dcct/seed0"
    shutil.copytree(model.folder, checkpoint)
    opened = type(model).from_pretrained(checkpoint, device="cpu")
    result = {"sampler": "begin", "feature": "all", "mAP": 0.5, "rank1": 0.5, "chance": {}}
    result |= {"dimensions": 1, "queries": 1}
    names = dict.fromkeys(("trained_on", "verification", "precision", "device"), "")
    digests = {"data": "", "features": "", "checkpoint": opened.config.weights["model.safetensors"]}
    metrics = tmp_path / "results/metrics/walkers/split0/dcct/seed0"
    write_json(metrics / "distances.json", {"rows": [ROW]})
    write_json(
        metrics / "metrics.json",
        {"dataset": "walkers", "split": 0, "variant": "dcct", "seed": 0, "parameters": None}
        | {**names, "versions": {}, "digests": digests, "headline": result, "rows": [result]},
    )
    return opened, metrics


def _change(path, **changes):
    write_json(path, read_json(path, "") | changes)


def test_distances_of_these_weights_are_found(trained, monkeypatch):
    """Beside the model of a workflow, however it is named; not those of other weights, and not
    where a model lies alone, be it in the root of all folders."""
    model, metrics = trained
    found = meaning_for(model, "begin", None)
    assert found.measured_on == "7 test people of walkers"
    assert [point.distance for point in found.points] == [0.1, 0.2]
    assert meaning_for(model, "dense", None) is None
    monkeypatch.chdir(model.folder)
    for name in (".", "../seed0"):
        model.folder = type(model.folder)(name)
        assert meaning_for(model, "begin", None) == found
    digests = read_json(metrics / "metrics.json", "")["digests"]
    _change(metrics / "metrics.json", digests=digests | {"checkpoint": "other"})
    assert meaning_for(model, "begin", None) is None
    for alone in ("/", "/model"):
        model.folder = type(model.folder)(alone)
        assert meaning_for(model, "begin", None) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("distances.json", b""),
        ("distances.json", b"\xff\xfe\x00"),
        ("distances.json", b"[]"),
        ("distances.json", b'{"rows": []}'),
        ("distances.json", b'{"rows": [{"sampler": "begin"}]}'),
        ("metrics.json", b"{"),
        ("metrics.json", None),
    ],
)
def test_damaged_distances_are_refused(trained, name, content):
    """In one line with the command that makes them again."""
    model, metrics = trained
    (metrics / name).unlink()
    if content is not None:
        (metrics / name).write_bytes(content)
    again = r"run `dcct rank walkers dcct --split 0 --seed 0`"
    with pytest.raises(DcctError, match=f"{name}: .*{again}"):
        meaning_for(model, "begin", None)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"weights": "other"}, "with other weights"),
        ({"rows": [ROW | {"sampler": "dense"}]}, "--sampler begin"),
        ({"rows": [ROW | {"points": []}]}, "--sampler begin"),
        ({"rows": [ROW | {"points": POINTS[::-1]}]}, "not in order"),
        ({"rows": [ROW | {"points": [POINTS[0] | {"distance": "near"}]}]}, "points.0.distance"),
        ({"rows": [ROW | {"points": [POINTS[0] | {"allowed": 7}]}]}, "points.0.allowed"),
        ({"measured_on": 5}, "measured_on"),
    ],
)
def test_a_calibration_of_something_else_is_refused(model, tmp_path, changes, complaint):
    """Of other weights or clips, or edited so that a distance would mean what was not measured."""
    path = tmp_path / "calibration.json"
    weights = model.config.weights["model.safetensors"]
    write_json(path, {"model": "dcct", "weights": weights, "measured_on": "us", "rows": [ROW]})
    assert meaning_for(model, "begin", path).measured_on == "us"
    _change(path, **changes)
    with pytest.raises(DcctError, match=complaint):
        meaning_for(model, "begin", path)


def test_a_distance_to_link_within_needs_a_link():
    """`--within` alone would be passed over in silence; it is refused before a model is opened."""
    with pytest.raises(DcctError, match="add --link"):
        search(model="none", query=Path("a"), gallery=Path("b"), within=0.3)


def test_two_searches_into_one_folder_do_not_mix(model, people, tmp_path):
    """The second waits for the first, and what lies there then is all of it the second's."""
    code = (
        "import sys; from pathlib import Path; import dcct; from dcct.find.search import Wish\n"
        "from dcct.find.writing import write_search; from dcct.runtime.progress import Progress\n"
        "model, people, out, within = sys.argv[1:]\n"
        "wish = Wish(link=True, within=float(within))\n"
        "people, out = Path(people), Path(out)\n"
        "write_search(dcct.load(model, device='cpu'), people, people, wish, out, Progress())"
    )
    begun = [
        subprocess.Popen([sys.executable, "-c", code, model.folder, people, tmp_path / "out", one])
        for one in ("0", "2")
    ]
    assert [one.wait() for one in begun] == [0, 0]
    said = {"gallery.parquet", "index.html", "linked", "matches.csv", "search.json"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == said


@pytest.mark.parametrize("top", [0, 2.5, "3"])
def test_matches_are_asked_for_in_whole_numbers(model, people, tmp_path, top):
    """From Python as well."""
    with pytest.raises(DcctError, match="ask for a whole number of them"):
        _search(model, people, people, tmp_path / "out", Wish(top=top))
