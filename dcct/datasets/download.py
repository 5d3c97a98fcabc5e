"""Fetching an archive: resumed after a cut, checked for length, never left half-written under its
own name."""

import http.client
import time
import urllib.error
import urllib.request
from pathlib import Path

from dcct.errors import DataError
from dcct.files import cannot_write
from dcct.runtime.progress import Progress

ATTEMPTS, WAIT_S, TIMEOUT_S, CHUNK = 5, 1.0, 30, 1 << 20
AGENT = "dcct (reproduction of arXiv 2304.14122)"


def download(url: str, path: Path, progress: Progress, wait_s: float = WAIT_S) -> None:
    """Fetch `url` to `path`, going on from `path`.partial if there is one.

    A cut connection is taken up again, at most ATTEMPTS times without a byte of progress. Raises
    DataError saying what the server answered, or that it sent another length than it had announced;
    what was fetched stays in the partial file for the next run of the same command.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    fruitless, reason = 0, ""
    while fruitless < ATTEMPTS:
        before = _size(partial)
        try:
            total = _fetch(url, partial, progress)
            if _size(partial) == total:
                partial.replace(path)
                return
            reason = f"the connection was cut at {_size(partial):,} of {total:,} bytes"
        except urllib.error.HTTPError as error:
            raise DataError(
                f"{url}: the server answered {error.code} {error.reason}: look for another source"
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
        fruitless = 0 if _size(partial) > before else fruitless + 1
        progress.say(f"{url}: {reason}: trying again from there")
        time.sleep(wait_s)
    raise DataError(
        f"{url}: {reason}; gave up after {ATTEMPTS} attempts: run the same command again to go on"
    )


def _fetch(url: str, partial: Path, progress: Progress) -> int:
    """Fetch what is missing of a file; return its whole length. Returns early, without an error, at
    a cut."""
    start = _size(partial)
    request = urllib.request.Request(url, headers={"User-Agent": AGENT, "Range": f"bytes={start}-"})
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return _whole_length(error, url, start)
        raise
    with answer:
        resumed = answer.status == http.client.PARTIAL_CONTENT
        length = answer.headers["Content-Length"]
        if length is None or not length.isdigit():
            raise DataError(
                f"{url}: the server does not say how long the file is: fetch it by hand"
            )
        total = int(length) + (start if resumed else 0)
        advance = progress.counter(int(length), "bytes fetched")
        with open(partial, "ab" if resumed else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                advance(len(chunk))
    return total


def _whole_length(error: urllib.error.HTTPError, url: str, start: int) -> int:
    """The length that a server names when asked for bytes beyond the end."""
    total = (error.headers["Content-Range"] or "").rpartition("/")[2]
    if not total.isdigit() or int(total) < start:
        raise DataError(
            f"{url}: is shorter than what was fetched before: delete the .partial file and run"
            " again"
        )
    return int(total)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
