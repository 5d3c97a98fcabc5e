"""Archives that are damaged or hostile are refused before or while they are unpacked."""

import gzip
import io
import lzma
import os
import random
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcct.datasets.unpack import Limits, unpack
from dcct.errors import DataError
from dcct.runtime.progress import Progress

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "50"))


def make_zip(path, names):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"x" * 1000)
    return path


def make_tar(path, names, kind=tarfile.REGTYPE, target=""):
    with tarfile.open(path, "w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = (
                kind,
                target,
                1000 if kind == tarfile.REGTYPE else 0,
            )
            archive.addfile(info, io.BytesIO(b"x" * 1000))
    return path


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_files_arrive(make, tmp_path):
    """Folders and files of both kinds of archive."""
    unpack(make(tmp_path / "archive", ["a/b.jpg", "c.txt"]), tmp_path / "out", Progress())
    assert {
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")
    } == {
        "a/b.jpg",
        "c.txt",
    }
    assert (tmp_path / "out/a/b.jpg").read_bytes() == b"x" * 1000


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "..\\evil", "C:evil", r"\\host\evil"],
)
def test_nothing_is_written_outside(make, name, tmp_path):
    """A member that would leave the folder condemns the whole archive, by name, before anything is
    written."""
    with pytest.raises(DataError, match="would be written outside the folder"):
        unpack(make(tmp_path / "archive", ["good.txt", name]), tmp_path / "in/out", Progress())
    assert not list((tmp_path / "in/out").iterdir())
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    "kind",
    [
        *(tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE),
        *(tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.GNUTYPE_SPARSE),
    ],
)
def test_links_and_devices_are_refused(kind, tmp_path):
    """Data sets hold only files."""
    with pytest.raises(DataError, match="is a link or a device"):
        unpack(
            make_tar(tmp_path / "archive", ["link"], kind, "/etc/passwd"),
            tmp_path / "out",
            Progress(),
        )


@pytest.mark.parametrize("limits", [Limits(bytes=1500), Limits(files=1)])
def test_bombs_are_refused(limits, tmp_path):
    """More bytes or files than allowed: nothing is written."""
    with pytest.raises(DataError, match="unpacks to 2 files of 2,000 bytes, more than"):
        unpack(make_zip(tmp_path / "archive", ["a", "b"]), tmp_path / "out", Progress(), limits)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(("make", "keep"), [(make_zip, 60), (make_tar, 700)])
def test_truncated_archive_is_named(make, keep, tmp_path):
    """An archive that broke off is called damaged, or not an archive."""
    path = make(tmp_path / "archive", ["a"])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match="archive"):
        unpack(path, tmp_path / "out", Progress())


def test_damaged_member_is_named(tmp_path):
    """A flipped byte inside a zip fails its checksum."""
    path = make_zip(tmp_path / "archive", ["a"])
    content = bytearray(path.read_bytes())
    content[33] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged archive"):
        unpack(path, tmp_path / "out", Progress())


def zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    with zipfile.ZipFile(file := io.BytesIO(), "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tar_of(members: dict[str, bytes], mode: str = "w", **options) -> bytes:
    with tarfile.open(fileobj=(file := io.BytesIO()), mode=mode, **options) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def patched(content: bytes, place: int, new: bytes) -> bytes:
    return content[:place] + new + content[place + len(new) :]


def both_headers(content: bytes, place: int, new: bytes) -> bytes:
    """A zip of one member with a field changed, which stands in two headers at places 2 apart."""
    return patched(patched(content, place, new), content.index(b"PK\1\2") + place + 2, new)


def with_type(kind: int) -> bytes:
    """A zip whose one member is a Unix file of another type."""
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        info = zipfile.ZipInfo("odd")
        info.create_system, info.external_attr = 3, kind << 28
        archive.writestr(info, b"/etc/passwd")
    return file.getvalue()


NOISE = random.Random(0).randbytes(200_000)
TWO = {"a/1.jpg": b"x" * 1000, "a/2.jpg": b"y" * 1000}
ZIP, TAR = zip_of(TWO), tar_of(TWO, format=tarfile.USTAR_FORMAT)
REFUSED = {
    "password": both_headers(zip_of({"a": b"x"}), 6, b"\1"),
    "Deflate64": both_headers(zip_of({"a": b"x"}), 8, b"\x09"),
    "method 1": both_headers(zip_of({"a": b"x"}), 8, b"\x01"),
    **{f"zip member of type {kind:X}": with_type(kind) for kind in (0x1, 0x2, 0x6, 0xA, 0xC)},
    "zip behind another": ZIP + zip_of({"b": b"x"}),
    "zip before something": ZIP + b"x",
    "zip without some members": ZIP.replace(b"PK\5\6\0\0\0\0\2\0\2\0", b"PK\5\6\0\0\0\0\3\0\3\0"),
    "zip that lies about lengths": ZIP.replace(struct.pack("<I", 1000), struct.pack("<I", 990)),
    "tar with a bad header": patched(TAR, 1024 + 512 + 10, b"?"),
    "tar without its end": TAR[: 2 * 1536],
    "tar cut in a header": TAR[: 1536 + 100],
    "tar cut in a member": TAR[: 1024 + 600],
    "tar behind another": TAR + TAR,
    "gzip with damage": patched(gzip.compress(tar_of({"a": NOISE})), 99_000, bytes(50)),
    "gzip with a wrong checksum": patched(gz := gzip.compress(TAR), len(gz) - 8, b"????"),
    "gzip without its end": gzip.compress(TAR)[:-8],
    "xz with damage": patched(lzma.compress(tar_of({"a": NOISE})), 99_000, bytes(50)),
    "bzip2 with damage": patched(tar_of({"a": NOISE}, "w:bz2"), 99_000, bytes(50)),
    "long header": tar_of({"a": b""}, pax_headers={"comment": "x" * (1 << 21)}),
    "gzip bomb": gzip.compress(tar_of({"a": bytes(20 << 20)})),
    "no members": zip_of({}),
    "nothing": b"",
    "zeros": bytes(10240),
}
NAMES = {
    "nothing": ".",
    "control characters": "a\nb",
    "not UTF-8": "a\udcff",
    "long": "x" * 256,
    "deep": "/".join(["x" * 100] * 20),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_whole_and_plain_is_refused(kind, tmp_path):
    """One line that names the archive; nothing stays in the folder."""
    (tmp_path / "archive").write_bytes(REFUSED[kind])
    with pytest.raises(DataError, match=r"^[^\n]*archive: [^\n]*$"):
        unpack(tmp_path / "archive", tmp_path / "out", Progress(), Limits(bytes=10 << 20))
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_names_that_cannot_be_kept_are_refused(make, kind, tmp_path):
    """Before anything is written, in a line that can be printed."""
    if make is zip_of and kind == "not UTF-8":
        pytest.skip("a zip says how its names are encoded")
    (tmp_path / "archive").write_bytes(make({"good": b"", NAMES[kind]: b""}))
    with pytest.raises(DataError, match=r"^[^\n\ud800-\udfff]*$"):
        unpack(tmp_path / "archive", tmp_path / "out", Progress())
    assert not list((tmp_path / "out").iterdir())


def test_a_name_cut_by_zero_is_refused(tmp_path):
    """Which zipfile would cut there."""
    content = zip_of({"a.jpg?b": b"", "a.jpg": b""}).replace(b"?", b"\0")
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(DataError, match="no plain text"):
        unpack(tmp_path / "archive", tmp_path / "out", Progress())


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("names", [["a", "a"], ["a/b", "A/B"], ["a", "a/b"], ["a/b", "A"]])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_place_are_refused(make, names, tmp_path):
    """The same path, one that some disks take for the same, or a file where a folder must be."""
    with pytest.raises(DataError, match=r"is in it twice|both file and folder"):
        unpack(make(tmp_path / "archive", names), tmp_path / "out", Progress())


def test_what_systems_add_is_left_out(tmp_path):
    """Backslashes are folders; macOS' and Windows' own files do not arrive."""
    names = ["a\\1.jpg", "__MACOSX/a/._1.jpg", "a/._1.jpg", "a/.DS_Store", "a/Thumbs.db"]
    (tmp_path / "archive").write_bytes(zip_of(dict.fromkeys(names, b"x")))
    unpack(tmp_path / "archive", tmp_path / "out", Progress())
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == [
        tmp_path / "out/a/1.jpg"
    ]


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


WHOLE = [ZIP, TAR, tar_of(TWO, "w:gz"), tar_of(TWO, "w:xz"), *REFUSED.values()]
WHOLE = [content for content in WHOLE if len(content) < 100_000]


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=5000,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_any_bytes_are_unpacked_whole_or_refused(tmp_path_factory, data):
    """Archives cut, joined and overwritten anywhere; what lies beside the folder stays as it is."""
    base = tmp_path_factory.mktemp("any")
    content = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    (base / "archive").write_bytes(content)
    before = snapshot(base)
    try:
        unpack(base / "archive", base / "out", Progress(), Limits(bytes=10 << 20))
    except DataError:
        assert not list((base / "out").iterdir())
    found = snapshot(base)
    assert {path for path in found if base / "out" not in path.parents} == set(before)
