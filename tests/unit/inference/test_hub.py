"""The Hugging Face hub: a model is pushed, and comes back by its name."""

import base64
import json
import os
import subprocess
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMIT = "0" * 40
PUSH = """
import sys, dcct
dcct.load(sys.argv[1], device="cpu").push_to_hub("me/walker")
"""
PULL = """
import sys, torch, dcct
from dcct.inference.model import Model
here = dcct.load(sys.argv[1], device="cpu")
for there in (dcct.load("me/walker", device="cpu"), Model.from_pretrained("me/walker")):
    state = there.network.state_dict()
    assert all(torch.equal(x.cpu(), state[n].cpu()) for n, x in here.network.state_dict().items())
    assert there.config == here.config
"""
ABSENT = """
import dcct
try:
    dcct.load("me/nobody")
except dcct.DcctError as error:
    print(error)
"""


class Hub(BaseHTTPRequestHandler):
    """As much of a hub as its client needs: one folder, every file regular, one commit."""

    def __init__(self, *arguments, folder: Path):
        self.folder = folder
        super().__init__(*arguments)

    @property
    def address(self) -> str:
        return f"http://{self.headers['Host']}"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        """A file by /<owner>/<name>/resolve/<revision>/<file>."""
        name, _, rest = self.path.strip("/").partition("/resolve/")
        path = self.folder / name / rest.partition("/")[2]
        if self.path == "/":
            return self.answer({})
        if not rest or not path.is_file():
            return self.answer({}, 404, {"X-Error-Code": "RepositoryNotFound"})
        return self.answer(path.read_bytes())

    def do_POST(self):
        """Make a repository; say how files are sent; take them, base64 in lines of JSON."""
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/api/repos/create":
            name = json.loads(content)["name"]
            owner = json.loads(content).get("organization") or "me"
            found = {"url": f"{self.address}/{owner}/{name}", "id": f"{owner}/{name}"}
            return self.answer(found)
        if "/preupload/" in self.path:
            files = json.loads(content)["files"]
            kept = {"uploadMode": "regular", "shouldIgnore": False, "oid": None}
            return self.answer({"files": [{"path": one["path"], **kept} for one in files]})
        if "/commit/" in self.path:
            name = self.path.removeprefix("/api/models/").partition("/commit/")[0]
            for line in map(json.loads, content.splitlines()):
                if line["key"] == "file":
                    path = self.folder / name / line["value"]["path"]
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(base64.b64decode(line["value"]["content"]))
            found = {"commitUrl": f"{self.address}/{name}/commit/{COMMIT}", "commitOid": COMMIT}
            return self.answer({"success": True, "pullRequestUrl": None, **found})
        return self.answer({})

    def answer(self, content: dict | bytes, status: int = 200, more: dict | None = None):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"ETag": f'"{len(body)}"', "X-Repo-Commit": COMMIT, "Content-Length": len(body)}
        self.send_response(status)
        for name, value in {**headers, **(more or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def run(tmp_path, root):
    """run(code, *arguments): what Python prints whose hub is a local one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, folder=tmp_path / "hub"))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def call(code, *arguments, **more):
        address = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_TOKEN": "hf_x"}
        own = {"PYTHONPATH": str(root), "HF_HOME": str(tmp_path / "home"), **address, **more}
        command = [sys.executable, "-c", code, *map(str, arguments)]
        done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    yield call
    server.shutdown()
    server.server_close()


def test_what_is_pushed_comes_back(model_folder, run, tmp_path):
    """The same weights and config; the card with its metadata is there; and what was fetched once
    is read without the hub."""
    folder = model_folder("cnn")
    run(PUSH, folder)
    pushed = tmp_path / "hub/me/walker"
    assert (pushed / "model.safetensors").read_bytes() == (
        folder / "model.safetensors"
    ).read_bytes()
    assert (pushed / "README.md").read_text().startswith("---\nlibrary_name: dcct\n")
    run(PULL, folder)
    run(PULL, folder, HF_ENDPOINT="http://127.0.0.1:9")


def test_what_the_hub_has_not_is_one_line(run):
    """There, or out of reach."""
    for more in ({}, {"HF_ENDPOINT": "http://127.0.0.1:9"}):
        said = run(ABSENT, **more)
        assert said.startswith("me/nobody: no folder here, and not to be had from http://127.0")
        assert said.count("\n") == 1
