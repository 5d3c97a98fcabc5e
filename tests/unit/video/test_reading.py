"""Frames of videos and folders: each under its number, or one line."""

import os
import random

import numpy as np
import pytest
from PIL import Image

from dcct.errors import DataError
from dcct.video.reading import opened
from tests.unit.video.numbered import av, number_of, numbered, write_video

FRAMES = 40
KINDS = {
    "b-frames.mp4": {},
    "b-pyramid.mkv": {"options": {"bf": "4", "b-pyramid": "normal"}},
    "mpeg4.avi": {"codec": "mpeg4"},
    "broadcast.ts": {},
    "varying.mp4": {"times": np.cumsum([7, 91, 33, 40, 13] * (FRAMES // 5)).tolist()},
    "turned.mp4": {"turned": 90},
    "upside-down.mp4": {"turned": 180},
    "turned-right.mp4": {"turned": -90},
}


def pictures(turned: int = 0) -> list[np.ndarray]:
    """As a camera stores them that is turned."""
    return [np.rot90(numbered(number), -turned // 90) for number in range(1, FRAMES + 1)]


def read(path, wanted=range(1, FRAMES + 1)) -> dict[int, int]:
    """Number → what the frame says."""
    with opened(path) as source:
        return {number: number_of(pixels) for number, pixels in source.frames(wanted)}


@pytest.mark.parametrize("name", KINDS)
def test_every_frame_has_its_number(name, tmp_path):
    """With frames that refer to later ones, times that vary, cameras that were turned."""
    how = KINDS[name]
    path = write_video(tmp_path / name, pictures(how.get("turned", 0)), **how)
    assert read(path) == {number: number for number in range(1, FRAMES + 1)}
    assert read(path, [3, 17, 40]) == {3: 3, 17: 17, 40: 40}
    with av.open(str(path)) as container:
        kinds = {frame.pict_type for frame in container.decode(video=0)}
    assert av.video.frame.PictureType.B in kinds


def test_a_title_in_no_known_coding_is_no_obstacle(tmp_path):
    """What a file says of itself decides no picture."""
    path = write_video(tmp_path / "v.avi", pictures(), codec="mpeg4")
    named = path.read_bytes()
    assert b"Lavf" in named  # the program that wrote it
    path.write_bytes(named.replace(b"Lavf", b"L\xff\xfef"))
    assert read(path, [1, 40]) == {1: 1, 40: 40}


def test_a_folder_of_frames_is_a_video(tmp_path):
    """Numbered by the numbers in their names, not by how these are sorted as text."""
    for number in range(1, 13):
        Image.fromarray(numbered(number)).save(tmp_path / f"door_{number}.png")
    assert read(tmp_path, range(1, 13)) == {number: number for number in range(1, 13)}


def test_folders_whose_first_frame_is_a_guess_are_refused(tmp_path):
    """Numbers from 0, with gaps, or none."""
    for place, names in enumerate((["0", "1"], ["1", "3"], ["a", "b"], ["1", "x"])):
        folder = tmp_path / str(place)
        folder.mkdir()
        for name in names:
            Image.fromarray(numbered(1)).save(folder / f"{name}.png")
        with pytest.raises(DataError, match="are not numbered 1 to 2"):
            read(folder, [1])


def test_frames_of_another_size_are_refused(tmp_path):
    """Boxes would be elsewhere."""
    Image.fromarray(numbered(1)).save(tmp_path / "1.png")
    Image.fromarray(numbered(2)[1:]).save(tmp_path / "2.png")
    with pytest.raises(DataError, match=r"2\.png: 128 × 63 pixels, where the first .* 128 × 64"):
        read(tmp_path, [1, 2])


def test_a_frame_past_the_end_is_named(tmp_path):
    """And how many there are."""
    path = write_video(tmp_path / "v.mp4", pictures())
    with pytest.raises(DataError, match=r"v\.mp4: has 40 frames, and a box is in frame 41"):
        read(path, [41])


@pytest.mark.parametrize("name", ["b-frames.mp4", "b-pyramid.mkv", "mpeg4.avi", "broadcast.ts"])
def test_a_damaged_video_is_read_right_or_refused(name, tmp_path, capfd):
    """Cut anywhere, or with bytes changed: all frames, or one line, and nothing from the decoder's
    own log. What is cut is never read wrong; of changed bytes a decoder sees most."""
    draw = random.Random(name)
    content = write_video(tmp_path / name, pictures(), **KINDS[name]).read_bytes()
    said = []
    for attempt in range(24):
        broken = bytearray(content)
        place = draw.randrange(len(broken))
        if attempt % 2:
            broken[place : place + 20] = draw.randbytes(20)
        else:
            broken = broken[: place * 9 // 10]
        (tmp_path / f"broken-{name}").write_bytes(broken)
        try:
            found = read(tmp_path / f"broken-{name}")
        except DataError as error:
            said.append(str(error))
        else:
            assert len(found) == FRAMES
            assert attempt % 2 or all(number == seen for number, seen in found.items())
    assert len(said) >= 6
    assert all(f"broken-{name}: " in line and "\n" not in line for line in said)
    assert capfd.readouterr().err == ""


def test_what_is_no_video_is_one_line(tmp_path):
    """Nothing, text, sound alone, a list of other files, a pipe, two videos at once, pictures of a
    coding that nobody knows."""
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video\n" * 1000)
    write_video(tmp_path / "real.mp4", pictures())
    (tmp_path / "list.txt").write_text(f"ffconcat version 1.0\nfile {tmp_path}/real.mp4\n")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nreal.mp4\n#EXT-X-ENDLIST\n")
    real = (tmp_path / "real.mp4").read_bytes()
    (tmp_path / "coded.mp4").write_bytes(real.replace(b"avc1", b"zzzz"))
    os.mkfifo(tmp_path / "pipe")
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        silence.sample_rate = 8000
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    with av.open(str(tmp_path / "two.mkv"), "w") as container:
        streams = [container.add_stream("mpeg4", rate=25) for _ in range(2)]
        for stream in streams:
            stream.height, stream.width, stream.pix_fmt = 64, 128, "yuv420p"
        for stream in streams:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(1), format="rgb24")))
            container.mux(stream.encode())
    said = {
        "empty.mp4": "cannot be read as a video",
        "text.mp4": "cannot be read as a video",
        "list.txt": "cannot be read as a video",
        "list.m3u8": "cannot be read as a video",
        "sound.mp4": "holds no moving pictures",
        "coded.mp4": "says nothing of how its pictures are coded",
        "two.mkv": "holds 2 videos",
        "pipe": "neither a file nor a folder",
        "absent.mp4": "missing",
        "concat:real.mp4|real.mp4": "missing",
    }
    for name, complaint in said.items():
        with pytest.raises(DataError, match=complaint) as error:
            read(tmp_path / name, [1])
        assert "\n" not in str(error.value)
