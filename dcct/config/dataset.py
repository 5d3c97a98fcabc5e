"""A data set: where it comes from, what must be found in it, and which protocol evaluates it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dcct.config.names import Folder
from dcct.config.section import Line, Model

Window = Literal["clips", "frames"]
Count = Annotated[int | None, Field(ge=0, le=10**12)]
Inside = Annotated[str, Field(pattern=r"^[^/.][^/]*(/[^/.][^/]*)*$")]
"""A path below a folder, which leads nowhere else."""


class WalkersSpec(Model):
    """The embedded data set's size and difficulty."""

    seed: int = Field(ge=0, le=2**31 - 1)
    """Seed of every draw."""
    train_ids: int = Field(gt=0, le=100_000)
    """Training identities."""
    test_ids: int = Field(gt=0, le=100_000)
    """Test identities."""
    cameras: int = Field(gt=0, le=6)
    """Cameras, each with its own view, background and colours."""
    tracklets_per_camera: int = Field(gt=0, le=1000)
    """Tracklets of each identity at each camera."""
    frames: int = Field(gt=0, le=10_000)
    """Frames per tracklet."""
    height: int = Field(ge=32, le=2048)
    """Image height in pixels; the width is half of it."""
    difficulty: float = Field(ge=0, le=100)
    """Strength of camera colour, noise, jitter and static occlusion."""
    share: int = Field(gt=0, le=100_000)
    """Identities that wear the same outfit and differ in what `lookalikes` says."""
    burst: float = Field(ge=0, le=1)
    """Share of tracklets in which the person is hidden for a run of frames."""
    background_saturation: float = Field(ge=0, le=100)
    """Colourfulness of backgrounds."""
    jpeg_quality: int = Field(gt=0, le=95)
    """Quality of the written JPEG files."""
    distractors: int = Field(ge=0, le=1_000_000)
    """Gallery tracklets of people who are nobody's match (id 0)."""
    junk: int = Field(ge=0, le=1_000_000)
    """Badly cropped test tracklets (id -1), which the protocol drops."""
    lookalikes: Literal["build", "cadence"] = "build"
    """What tells identities of one outfit apart: build, gait and small things, or the cadence of
    their steps alone, which no single frame shows."""


class Archive(Model):
    """A file from which a data set is unpacked."""

    name: str = Field(pattern=r"^\w[\w.-]*$", max_length=200)
    """File name in the archives folder."""
    urls: list[str]
    """Where it is published; empty where it must be asked for."""
    bytes: Count
    """Its length, if known."""
    md5: str | None
    """Its MD5, if known."""
    claim: Literal["published", "single source"]
    """Who says so: a mismatch with its publisher is an error, with a single source a warning."""


class Expected(Model):
    """Counts that verification must find; null, or left out, where no source gives one."""

    train_ids: Count = None
    train_tracklets: Count = None
    train_frames: Count = None
    query_ids: Count = None
    query_tracklets: Count = None
    gallery_tracklets: Count = None
    test_tracklets: Count = None
    distractor_tracklets: Count = None
    junk_tracklets: Count = None
    cameras: Count = None

    @property
    def known(self) -> dict[str, int]:
        """Those that some source gives."""
        return {name: number for name, number in self.model_dump().items() if number is not None}


class Protocol(Model):
    gallery_includes_queries: bool
    """Rank queries against gallery and queries together (MARS' official rule)."""
    drop_same_camera: bool
    """Remove, per query, gallery tracklets of the same identity and camera."""
    clip_cap: int = Field(gt=0, le=1_000_000)
    """Most clips that dense sampling takes from one tracklet."""
    clip_window: Window = "clips"
    """Of a tracklet with more: a run of consecutive clips, each of which spans the tracklet
    (official), or the clips of a window of consecutive frames."""
    first_half: Literal["test", "train"] | None
    """What the first half of an iLIDS-VID split is: the field reads it in both ways; null for other
    sets."""
    frames_behind_gaps: Literal["kept", "lost"] = "kept"
    """Of DukeMTMC-VideoReID, whose frame numbers may have gaps. lost: of a tracklet of n frames,
    those numbered 1 to n, as readers of the field look for them."""

    @property
    def reading(self) -> dict[str, str]:
        """What readers take of it."""
        half = {"first_half": self.first_half} if self.first_half else {}
        return {**half, "frames_behind_gaps": self.frames_behind_gaps}

    @model_validator(mode="after")
    def _query_leaves_its_gallery(self):
        if self.gallery_includes_queries and not self.drop_same_camera:
            raise ValueError(
                "gallery_includes_queries needs drop_same_camera: else each query finds itself"
            )
        return self


class Dataset(Model):
    title: Line
    """Name in tables."""
    about: str
    """What the data are, in one or two sentences; shown under every table."""
    layout: str
    """On-disk layout: a row of the readers (datasets/readers.py)."""
    split_count: int = Field(default=1, gt=0, le=1000)
    """Number of its standard splits, counted from 0."""
    needs: list[Inside]
    """Files and folders that must lie in the data set's folder; empty for generated data."""
    state: Literal["generated", "open", "by agreement", "withdrawn", "link reported dead", "own"]
    """How the data can be had; own: they are the user's."""
    get: str
    """What a user without the data does next."""
    licence: str
    """Terms of use."""
    accept_license: bool = False
    """Set to true when you have read `licence` and keep to it: nothing is fetched or unpacked
    before."""
    path: Folder | None = None
    """An unpacked copy elsewhere on this machine; the data folder then holds a link to it."""
    archives: list[Archive] = []
    """What the set is unpacked from: fetched, or put into the archives folder by hand."""
    walkers: WalkersSpec | None = None
    """Set for generated data: what to draw."""
    verification: Literal["strict", "warn"] = "strict"
    """strict: stop at anything that is not as expected. warn: go on, leave out frames that cannot
    be read, and mark every result made from the set."""
    protocol: Protocol
    expected: Expected
    either: list[Expected] = []
    """Readings of a count that sources give in different ways: one of them must hold as well."""

    def absent_at(self, folder: Path) -> list[str]:
        """What it needs and a folder has not; where there is no folder, that."""
        if not folder.is_dir():
            return ["folder"]
        return [need for need in self.needs if not (folder / need).exists()]

    def to_be_asked_for(self, folder: Path) -> list[str]:
        """Names of archives that nobody publishes and that nobody has put into `folder` yet."""
        return [
            archive.name
            for archive in self.archives
            if not archive.urls and not (folder / archive.name).is_file()
        ]

    @model_validator(mode="after")
    def _comes_from_one_place(self):
        if self.walkers and (self.path is not None or self.archives):
            raise ValueError("walkers are drawn: they have neither path nor archives")
        return self

    @model_validator(mode="after")
    def _withdrawn_is_never_fetched(self):
        if self.state in ("withdrawn", "by agreement") and any(
            archive.urls for archive in self.archives
        ):
            raise ValueError(
                f"state {self.state}: archives must have no urls: such a set is never fetched"
            )
        return self
