"""Archives that are damaged or hostile are refused before or while they are unpacked."""

import io
import tarfile
import zipfile

import pytest

from dcct.datasets.unpack import Limits, unpack
from dcct.errors import DataError
from dcct.runtime.progress import Progress


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
@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:/evil"])
def test_nothing_is_written_outside(make, name, tmp_path):
    """A member that would leave the folder condemns the whole archive, by name, before anything is
    written."""
    with pytest.raises(DataError, match="would be written outside the folder"):
        unpack(make(tmp_path / "archive", ["good.txt", name]), tmp_path / "in/out", Progress())
    assert not list((tmp_path / "in/out").iterdir())
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
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
