"""The frame store gives back the very frames that were packed."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dcct.clips.frames import FrameStore, pack
from dcct.errors import DataError
from dcct.progress import Progress


def test_store_returns_the_files_pixels(tiny):
    """Reading by tracklet and position equals decoding the file that the manifest names."""
    store = FrameStore(tiny.frames, tiny.manifest)
    paths = pq.read_table(tiny.manifest / "frames.parquet")["path"].to_pylist()
    rows = pq.read_table(tiny.manifest / "tracklets.parquet").to_pylist()
    for row in (rows[0], rows[-1]):
        clip = store.read(row["tracklet"], np.array([0, 5]), 64, 32)
        for image, position in zip(clip, (0, 5), strict=True):
            expected = np.asarray(Image.open(tiny.data / paths[row["first_frame"] + position]).convert("RGB"))
            assert np.array_equal(image, expected)


def test_missing_frame_is_named_and_nothing_is_left(tiny, profile, tmp_path):
    """Packing a set with a deleted frame names its path and leaves no half-written store."""
    with pytest.raises(DataError, match=r"elsewhere/bbox_train/0001/0001C1T0001F001\.jpg: frame missing"):
        pack(tiny.manifest, tmp_path / "elsewhere", tmp_path / "frames", profile.clips, Progress())
    assert not list((tmp_path / "frames").iterdir())


def test_decoded_frames_change_no_pixel(tiny, profile, tmp_path):
    """Reading the kept pixels equals decoding and resizing the packed bytes."""
    plain = profile.clips.model_copy(update={"decoded": False})
    pack(tiny.manifest, tiny.data, tmp_path, plain, Progress())
    size = profile.clips.height, profile.clips.width
    assert (tiny.frames / f"pixels-{size[0]}x{size[1]}.bin").exists()
    kept, decoded = (
        FrameStore(folder, tiny.manifest).read(3, np.arange(4), *size) for folder in (tiny.frames, tmp_path)
    )
    assert np.array_equal(kept, decoded)
