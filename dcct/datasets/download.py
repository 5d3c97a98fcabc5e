"""Fetching an archive: resumed after a cut, checked for length, never left half-written under its
own name."""

import http.client
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

from dcct.errors import DataError
from dcct.files import cannot_write, write_text
from dcct.runtime.progress import Progress

ATTEMPTS, WAIT_S, TIMEOUT_S, CHUNK = 5, 1.0, 30, 1 << 20
PATIENCE_S, SLOWEST = 60.0, 1000
"""A source that sends less than SLOWEST bytes a second for so long is given up."""
MOST = 1 << 40
"""Bytes of an archive; who announces more has none."""
AGENT = "dcct (reproduction of arXiv 2304.14122)"
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
OPENER = urllib.request.OpenerDirector()
"""Knows HTTP alone: neither an address nor a redirection reads a file of this machine."""
for handler in (
    *(urllib.request.ProxyHandler, urllib.request.UnknownHandler),
    *(urllib.request.HTTPHandler, urllib.request.HTTPSHandler),
    *(urllib.request.HTTPRedirectHandler, urllib.request.HTTPDefaultErrorHandler),
    urllib.request.HTTPErrorProcessor,
):
    OPENER.add_handler(handler())


def download(
    url: str,
    path: Path,
    progress: Progress,
    length: int | None = None,
    wait_s: float = WAIT_S,
    patience_s: float = PATIENCE_S,
) -> None:
    """Fetch `url` to `path`, going on from `path`.partial if that was begun from the same address.

    length: of the file, where it is known. A cut connection is taken up again, at most ATTEMPTS
    times without getting further. Raises DataError saying what the server answered, that it is too
    slow, or that it sent another length than it had announced; what was fetched stays in the
    partial file for the next run of the same command.
    """
    if not re.match(r"https?://\w", url):
        raise DataError(f"{url}: is no web address: fetch it by hand")
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    fetching = _Fetching(url, partial, progress, length, patience_s)
    fruitless, furthest, reason = 0, _size(partial), ""
    while fruitless < ATTEMPTS:
        try:
            total = fetching.go_on()
            if _size(partial) == total:
                partial.replace(path)
                fetching.origin.unlink(missing_ok=True)
                return
            reason = f"the connection was cut at {_size(partial):,} of {total:,} bytes"
        except urllib.error.HTTPError as error:
            answer = " ".join(f"{error.code} {error.reason}".split())
            raise DataError(
                f"{url}: the server answered {answer}: look for another source"
            ) from None
        except (
            urllib.error.URLError,
            http.client.HTTPException,
            TimeoutError,
            ConnectionError,
        ) as error:
            reason = f"{getattr(error, 'reason', error)}"
        except OSError as error:
            raise cannot_write(partial, error) from error
        except ValueError as error:
            raise DataError(f"{url}: is no web address ({error}): put it right") from None
        fruitless = 0 if _size(partial) >= furthest + SLOWEST else fruitless + 1
        furthest = max(furthest, _size(partial))
        progress.say(f"{url}: {reason}: trying again from there")
        time.sleep(wait_s)
    raise DataError(
        f"{url}: {reason}; gave up after {ATTEMPTS} attempts: run the same command again to go on"
    )


class _Fetching:
    """One file that is being fetched. `origin`, beside the partial file, says of which address and
    version its bytes are."""

    def __init__(
        self, url: str, partial: Path, progress: Progress, length: int | None, patience_s: float
    ):
        self.url, self.partial, self.progress = url, partial, progress
        self.length, self.patience_s = length, patience_s
        self.origin = partial.with_name(f"{partial.name}.from")
        self.version = ""
        if self.origin.is_file():
            address, _, version = self.origin.read_text(errors="replace").partition("\n")
            if address == url:
                self.version = version
            else:
                partial.unlink(missing_ok=True)

    def go_on(self) -> int:
        """Fetch what is missing; return the whole length. Returns early, without an error, at a
        cut."""
        start = _size(self.partial)
        headers = {"User-Agent": AGENT, "Range": f"bytes={start}-"}
        if start and self.version:
            headers["If-Range"] = self.version
        try:
            answer = OPENER.open(urllib.request.Request(self.url, headers=headers), None, TIMEOUT_S)
        except urllib.error.HTTPError as error:
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                return self._whole_length(error, start)
            raise
        with answer:
            resumed = answer.status == http.client.PARTIAL_CONTENT
            total = self._announced(answer, start if resumed else 0)
            self._note(answer.headers["ETag"] or "")
            with open(self.partial, "ab" if resumed else "wb") as file:
                self._receive(answer, file, total - (start if resumed else 0))
        return total

    def _note(self, etag: str) -> None:
        version = "" if etag.startswith("W/") else etag  # a weak one cannot be asked for
        if version != self.version or not self.origin.is_file():
            self.version = version
            write_text(self.origin, f"{self.url}\n{version}")

    def _announced(self, answer: http.client.HTTPResponse, start: int) -> int:
        """The whole length by what the server says. Raises DataError where that cannot be."""
        rest = answer.headers["Content-Length"]
        if rest is None or not rest.isdecimal():
            raise DataError(
                f"{self.url}: the server does not say how long the file is: fetch it by hand"
            )
        total = int(rest) + start
        said = RANGE.fullmatch(answer.headers["Content-Range"] or "")
        if said and (int(said[1]), int(said[2])) != (start, total):
            raise DataError(
                f"{self.url}: the server sent other bytes than were asked for: fetch it by hand"
            )
        if total > MOST or self.length not in (None, total):
            expected = "" if self.length is None else f" instead of {self.length:,}"
            raise DataError(
                f"{self.url}: has {total:,} bytes{expected}, says the server: look for another"
                " source"
            )
        return total

    def _receive(self, answer: http.client.HTTPResponse, file, missing: int) -> None:
        advance = self.progress.counter(missing, "bytes fetched")
        since, received = time.monotonic(), 0
        while chunk := answer.read1(CHUNK):
            file.write(chunk)
            advance(len(chunk))
            received += len(chunk)
            if (seconds := time.monotonic() - since) > self.patience_s:
                if received < SLOWEST * seconds:
                    raise DataError(
                        f"{self.url}: sends {received / seconds:,.0f} bytes a second: look for"
                        " another source, or run the same command again to go on"
                    )
                since, received = time.monotonic(), 0

    def _whole_length(self, error: urllib.error.HTTPError, start: int) -> int:
        """The length that a server names when asked for bytes beyond the end."""
        total = (error.headers["Content-Range"] or "").rpartition("/")[2]
        if not total.isdecimal() or int(total) < start:
            raise DataError(
                f"{self.url}: is shorter than what was fetched before: delete {self.partial} and"
                " run the same command again"
            )
        return int(total)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
