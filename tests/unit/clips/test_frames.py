"""The frame store gives back the very frames that were packed."""

import multiprocessing
import shutil
from functools import partial

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dcct.clips.frames import FrameStore, pack
from dcct.datasets.manifest import LISTING, write_parquet
from dcct.errors import DataError, DcctError
from dcct.files import file_digest
from dcct.runtime.progress import Progress


def test_store_returns_the_files_pixels(tiny):
    """Reading by tracklet and position equals decoding the file that the manifest names."""
    store = FrameStore(tiny.frames, tiny.manifest)
    paths = pq.read_table(tiny.listing)["path"].to_pylist()
    rows = pq.read_table(tiny.manifest / "tracklets.parquet").to_pylist()
    for row in (rows[0], rows[-1]):
        clip = store.read(row["tracklet"], np.array([0, 5]), 64, 32)
        for image, position in zip(clip, (0, 5), strict=True):
            expected = np.asarray(
                Image.open(tiny.data / paths[row["first_frame"] + position]).convert("RGB")
            )
            assert np.array_equal(image, expected)


def test_missing_frame_is_named_and_nothing_is_left(tiny, profile, tmp_path):
    """Packing a set with a deleted frame names its path and leaves no half-written store."""
    with pytest.raises(
        DataError, match=r"elsewhere/bbox_train/0001/0001C1T0001F001\.jpg: frame missing"
    ):
        pack(
            tiny.listing,
            tmp_path / "elsewhere",
            tmp_path / "frames",
            tmp_path / "work",
            profile.clips,
            Progress(),
        )
    assert not (tmp_path / "frames").exists()


def store_bytes(tiny) -> bytes:
    return (tiny.frames / "frames.bin").read_bytes()


@pytest.mark.parametrize("size", [0, 1, 20_000, 10**9], ids=["nothing", "a byte", "half", "all"])
@pytest.mark.parametrize("damaged", [False, True], ids=["as left", "holed"])
def test_packing_goes_on_where_it_was_killed(tiny, profile, tmp_path, size, damaged):
    """Whatever a kill or a power cut leaves of the file, the finished store has the same bytes."""
    plain = profile.clips.model_copy(update={"decoded": False})
    left = bytearray(store_bytes(tiny)[:size])
    if damaged and left:
        left[len(left) // 2 :] = bytes(len(left) - len(left) // 2)
    partial = tmp_path / f"work/{file_digest(tiny.listing)[:16]}.partial"
    partial.parent.mkdir()
    partial.write_bytes(left)
    (tmp_path / "work/of-other-data.partial").touch()
    pack(tiny.listing, tiny.data, tmp_path / "store", tmp_path / "work", plain, Progress())
    assert (tmp_path / "store/frames.bin").read_bytes() == store_bytes(tiny)
    assert not (tmp_path / "work").exists()


def test_full_disk_loses_nothing(tiny, profile, small_disk):
    """A store that does not fit: the path is named; with more room the same command goes on and is
    right."""
    plain, work = profile.clips.model_copy(update={"decoded": False}), small_disk.folder / "work"
    arguments = (tiny.listing, tiny.data, small_disk.folder / "store", work, plain, Progress())
    with pytest.raises(DcctError, match=r"partial: cannot be written: No space left on device"):
        pack(*arguments)
    assert not (small_disk.folder / "store").exists()
    assert next(work.iterdir()).stat().st_size > 30_000
    small_disk.enlarge()
    pack(*arguments)
    assert (small_disk.folder / "store/frames.bin").read_bytes() == store_bytes(tiny)


def test_frame_that_has_changed_since_it_was_verified_is_refused(tiny, profile, tmp_path):
    """Packing holds every frame against its verified digest."""
    shutil.copytree(tiny.data, tmp_path / "data")
    first, second = pq.read_table(tiny.listing)["path"].to_pylist()[:2]
    shutil.copy(tmp_path / "data" / second, tmp_path / "data" / first)
    with pytest.raises(DataError, match=f"{first}: has changed since it was verified"):
        pack(
            tiny.listing,
            tmp_path / "data",
            tmp_path / "store",
            tmp_path / "work",
            profile.clips,
            Progress(),
        )


def test_store_of_other_data_is_refused(tiny, tmp_path):
    """A manifest and a store that were made from different lists of frames do not go together."""
    table = pq.read_table(tiny.manifest / "tracklets.parquet")
    other = {**table.schema.metadata, LISTING: b"another"}
    write_parquet(tmp_path / "tracklets.parquet", table.replace_schema_metadata(other))
    with pytest.raises(DataError, match="packed from other data"):
        FrameStore(tiny.frames, tmp_path)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_share_no_file_position(tiny, method):
    """A store that was read in this process reads the same in workers started in every way."""
    store = FrameStore(tiny.frames, tiny.manifest)
    expected = [store.read(tracklet, np.arange(4), 64, 32).tobytes() for tracklet in range(12)]
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(partial(_read, store), range(12)) == expected


def _read(store: FrameStore, tracklet: int) -> bytes:
    return store.read(tracklet, np.arange(4), 64, 32).tobytes()


def test_decoded_frames_change_no_pixel(tiny, profile, tmp_path):
    """Reading the kept pixels equals decoding and resizing the packed bytes, in either way."""
    plain = profile.clips.model_copy(update={"decoded": False})
    pack(tiny.listing, tiny.data, tmp_path, tmp_path / "work", plain, Progress())
    size = profile.clips.height, profile.clips.width
    found = {}
    for method in (profile.clips.train_resize, profile.clips.test_resize):
        assert (tiny.frames / f"pixels-{size[0]}x{size[1]}-{method}.bin").exists()
        kept, found[method] = (
            FrameStore(folder, tiny.manifest).read(3, np.arange(4), *size, method)
            for folder in (tiny.frames, tmp_path)
        )
        assert np.array_equal(kept, found[method])
    assert not np.array_equal(*found.values())
