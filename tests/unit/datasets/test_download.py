"""Fetching from a server that misbehaves: taken up again or refused with a reason, never left
half-written."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dcct.datasets.download import ATTEMPTS, download
from dcct.errors import DataError, DcctError
from dcct.runtime.progress import Progress

CONTENT = bytes(range(256)) * 400
ODD = {
    "to-a-file": (302, {"Location": "file:///etc/passwd"}, b""),
    "to-ftp": (302, {"Location": "ftp://127.0.0.1/x"}, b""),
    "in-a-circle": (302, {"Location": "/in-a-circle"}, b""),
    "without-length": (200, {}, b"x"),
    "negative": (200, {"Content-Length": "-1"}, b"x"),
    "endless": (200, {"Content-Length": str(10**18)}, b"x"),
    "other-bytes": (206, {"Content-Length": "5", "Content-Range": "bytes 7-11/12"}, b"x" * 5),
    "slow": (200, {"Content-Length": "1000"}, b"x" * 1000),
}
"""Answers that cannot be used: status, headers, and a body that comes byte by byte."""


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT by the rule that the path names, and keeps the Range headers it saw."""

    protocol_version = "HTTP/1.1"
    seen: list[str] = []

    def do_GET(self):
        self.seen.append(self.headers["Range"])
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        rule = self.path.strip("/")
        if rule in ODD:
            status, headers, body = ODD[rule]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for byte in body:
                time.sleep(0.02)
                self.wfile.write(bytes([byte]))
            self.close_connection = True
            return None
        if rule == "new-version" and self.headers["If-Range"] == '"old"':
            start = 0
        if rule == "gone":
            return self.send_error(404)
        if start >= len(CONTENT) and rule != "too-long":
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        whole = rule == "no-ranges" or start == 0
        body = CONTENT if whole else CONTENT[start:]
        self.send_response(200 if whole else 206)
        self.send_header("Content-Length", str(len(body) + (1000 if rule == "too-long" else 0)))
        self.send_header("ETag", '"new"')
        self.end_headers()
        self.wfile.write(body[:30_000] if rule == "cut" else body)
        self.close_connection = True

    def log_message(self, *arguments):
        pass


@pytest.fixture
def address():
    Server.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def fetch(url, path):
    download(url, path, Progress(), wait_s=0)


def test_cut_connection_is_resumed(address, tmp_path):
    """A server that hangs up after 30,000 bytes is asked again for the rest."""
    fetch(f"{address}/cut", tmp_path / "archive")
    assert (tmp_path / "archive").read_bytes() == CONTENT
    assert Server.seen == [f"bytes={start}-" for start in range(0, len(CONTENT), 30_000)]
    assert list(tmp_path.iterdir()) == [tmp_path / "archive"]


@pytest.mark.parametrize("rule", ["good", "no-ranges"])
def test_partial_file_is_continued(address, tmp_path, rule):
    """What an earlier run left is gone on with; a server that knows no ranges starts again."""
    (tmp_path / "archive.partial").write_bytes(CONTENT[:5000])
    fetch(f"{address}/{rule}", tmp_path / "archive")
    assert (tmp_path / "archive").read_bytes() == CONTENT
    assert Server.seen == ["bytes=5000-"]


def test_complete_partial_file_is_taken(address, tmp_path):
    """A run that was killed before it renamed a complete file fetches nothing again."""
    (tmp_path / "archive.partial").write_bytes(CONTENT)
    fetch(f"{address}/good", tmp_path / "archive")
    assert (tmp_path / "archive").read_bytes() == CONTENT


def test_wrong_length_gives_up_with_a_reason(address, tmp_path):
    """A server that announces more than it sends is asked a few times, not forever; the file never
    appears."""
    with pytest.raises(DataError, match=rf"cut at 102,400 of .* gave up after {ATTEMPTS} attempts"):
        fetch(f"{address}/too-long", tmp_path / "archive")
    assert not (tmp_path / "archive").exists()


def test_answer_of_the_server_is_told(address, tmp_path):
    """A 404 is not tried again."""
    with pytest.raises(
        DataError, match="the server answered 404 Not Found: look for another source"
    ):
        fetch(f"{address}/gone", tmp_path / "archive")
    assert len(Server.seen) == 1
    assert not list(tmp_path.iterdir())


def test_no_server_is_told(tmp_path):
    """An address where nobody listens is named, after a few attempts."""
    with pytest.raises(DataError, match="Connection refused; gave up"):
        fetch("http://127.0.0.1:9/archive", tmp_path / "archive")


def test_full_disk_keeps_what_was_fetched(address, small_disk):
    """An archive that does not fit: the path is named; with more room the same command goes on
    where it was."""
    with pytest.raises(
        DcctError, match=r"archive\.partial: cannot be written: No space left on device"
    ):
        fetch(f"{address}/cut", small_disk.folder / "archive")
    kept = (small_disk.folder / "archive.partial").stat().st_size
    assert kept >= 30_000
    small_disk.enlarge()
    fetch(f"{address}/cut", small_disk.folder / "archive")
    assert f"bytes={kept}-" in Server.seen
    assert (small_disk.folder / "archive").read_bytes() == CONTENT


def test_unwritable_archives_folder_is_one_line(tmp_path):
    """Where the folder cannot be made, the path is named before anything is fetched."""
    (tmp_path / "file").touch()
    with pytest.raises(DcctError, match=r"file/archives/archive: cannot be written"):
        fetch("http://127.0.0.1:9/archive", tmp_path / "file/archives/archive")


@pytest.mark.parametrize("rule", ODD)
def test_an_answer_that_cannot_be_right_is_refused(address, tmp_path, rule):
    """Lengths that are none, other bytes than asked for, redirections to what is no web address, a
    source that would take for ever: one line, soon, and no file."""
    with pytest.raises(DataError, match=f"^{address}/{rule}: [^\n]*$"):
        download(f"{address}/{rule}", tmp_path / "archive", Progress(), wait_s=0, patience_s=0.2)
    assert not (tmp_path / "archive").exists()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "data:,x", "http://[", "x", ""])
def test_only_web_addresses_are_fetched(tmp_path, url):
    """Nothing of this machine is read for an archive."""
    with pytest.raises(DataError, match=r"^[^\n]*address|gave up"):
        fetch(url, tmp_path / "archive")
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_length_is_not_fetched(address, tmp_path):
    """Where the length is known, a server that has another file is left before its first byte."""
    with pytest.raises(DataError, match="has 102,400 bytes instead of 7, says the server"):
        download(f"{address}/good", tmp_path / "archive", Progress(), length=7, wait_s=0)


@pytest.mark.parametrize("origin", ["http://other/archive\n", '{}/new-version\n"old"'])
def test_two_files_are_never_joined(address, tmp_path, origin):
    """What was begun from another address, or of an older version, is fetched from its start."""
    (tmp_path / "archive.partial").write_bytes(b"other" * 1000)
    (tmp_path / "archive.partial.from").write_text(origin.format(address))
    fetch(f"{address}/new-version", tmp_path / "archive")
    assert (tmp_path / "archive").read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [tmp_path / "archive"]
