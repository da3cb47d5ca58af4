"""A small Hub on this machine: enough of the Hub's API to create, commit, list and download repositories, offline.

Routes are those that huggingface_hub 2.4 calls, listed in `_ROUTES`. One branch, main; every commit stays readable.
Writing needs the token. Xet is switched off in `environment`, for its token route is absent. Conflicts, pull requests,
private repositories and Spaces are not played.
"""

import base64
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

TOKEN = "hf_fake"
USER = "tester"
_LFS_SUFFIXES = {".safetensors", ".bin", ".pt", ".pth", ".parquet", ".arrow", ".wav", ".flac"}


@dataclass
class Commit:
    """One version of a repository: path -> (sha256 of the content, uploaded through LFS?)."""

    oid: str
    message: str
    files: dict[str, tuple[str, bool]] = field(default_factory=dict)


class FakeHub:
    """The server; `with FakeHub(folder) as hub:` runs it on a free port of 127.0.0.1.

    Attributes:
        endpoint: Base URL, for HF_ENDPOINT or `HfApi(endpoint=...)`.
        unknown: Requests that no route answered ("GET /path"); a test that wants full coverage asserts it is empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = folder / "blobs"
        self.blobs.mkdir(parents=True)
        self.repos: dict[str, list[Commit]] = {}  # "models/owner/name" -> commits, oldest first
        self.lock = threading.Lock()
        self.unknown: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "FakeHub":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """Whole environment for a subprocess: this process's, with every Hub setting pointing here."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        return kept | {
            "HF_ENDPOINT": self.endpoint,
            "HF_TOKEN": TOKEN,
            "HF_HOME": str(self.folder / "home"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "TRANSFORMERS_OFFLINE": "0",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def files(self, repo_id: str, kind: str = "models") -> dict[str, Path]:
        """Path in the repository -> file with its content, at the head of main."""
        return {path: self.blobs / sha for path, (sha, _) in self.repos[f"{kind}/{repo_id}"][-1].files.items()}

    def commits(self, repo_id: str, kind: str = "models") -> list[str]:
        """Messages of all commits, oldest first; the first one made the repository."""
        return [commit.message for commit in self.repos[f"{kind}/{repo_id}"]]

    def store(self, content: bytes) -> str:
        """Keep content under its SHA-256 and return that."""
        sha = hashlib.sha256(content).hexdigest()
        (self.blobs / sha).write_bytes(content)
        return sha

    def commit(self, repo: str, message: str, files: dict[str, tuple[str, bool]]) -> Commit:
        """Put a new version on top of a repository's main branch."""
        history = self.repos.setdefault(repo, [])
        state = json.dumps([len(history), repo, message, sorted(files.items())])
        history.append(Commit(hashlib.sha1(state.encode()).hexdigest(), message, files))
        return history[-1]


_REPO = r"/api/(?P<kind>models|datasets)/(?P<name>[^/]+/[^/]+)"
_ROUTES = [
    ("GET", r"/api/whoami-v2", "whoami"),
    ("POST", r"/api/repos/create", "create"),
    ("POST", r"/api/validate-yaml", "validate"),
    ("POST", _REPO + r"/preupload/(?P<rev>[^/]+)", "preupload"),
    ("POST", _REPO + r"/commit/(?P<rev>[^/]+)", "commit"),
    ("GET", _REPO + r"(/revision/(?P<rev>[^/]+))?", "info"),
    ("GET", _REPO + r"/tree/(?P<rev>[^/]+)(/(?P<path>.+))?", "tree"),
    ("POST", r"/(datasets/)?[^/]+/[^/]+\.git/info/lfs/objects/batch", "lfs_batch"),
    ("PUT", r"/lfs/(?P<sha>[0-9a-f]{64})", "lfs_put"),
    ("GET", r"/((?P<kind>datasets)/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<rev>[^/]+)/(?P<path>.+)", "resolve"),
]


class _Problem(Exception):
    """An answer other than success: HTTP status and the Hub's error code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        """Answer GET and, without a body, HEAD; all other methods come the same way."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        method = "GET" if self.command == "HEAD" else self.command
        for verb, pattern, name in _ROUTES:
            if verb == method and (match := re.fullmatch(pattern, path)):
                try:
                    if (
                        method != "GET"
                        and name != "lfs_put"
                        and self.headers.get("Authorization") != f"Bearer {TOKEN}"
                    ):
                        raise _Problem(401, "Unauthorized", f"send the token {TOKEN}")
                    with self.hub.lock:
                        answer = getattr(self, name)(**match.groupdict())
                except _Problem as problem:
                    headers = {"X-Error-Code": problem.code, "X-Error-Message": str(problem)}
                    return self.answer({"error": str(problem)}, problem.status, headers)
                return answer if answer is None else self.answer(answer)
        self.hub.unknown.append(f"{self.command} {self.path}")
        return self.answer({"error": "no such route"}, 404)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def answer(self, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Send bytes as they are and anything else as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def find(self, kind: str | None, name: str, rev: str | None) -> Commit:
        """The commit that a revision names."""
        history = self.hub.repos.get(f"{kind or 'models'}/{name}")
        if not history:
            raise _Problem(404, "RepoNotFound", f"no repository {name}")
        for commit in history[::-1]:
            if rev in (None, "main", commit.oid):
                return commit
        raise _Problem(404, "RevisionNotFound", f"no revision {rev}")

    def whoami(self) -> Any:
        return {"type": "user", "name": USER, "orgs": [], "auth": {"accessToken": {"role": "write"}}}

    def create(self) -> Any:
        wanted = json.loads(self.body)
        kind = f"{wanted.get('type') or 'model'}s"
        name = f"{wanted.get('organization') or USER}/{wanted['name']}"
        url = {"url": f"{self.hub.endpoint}/{'datasets/' if kind == 'datasets' else ''}{name}"}
        if f"{kind}/{name}" in self.hub.repos:
            return self.answer({"error": "You already created this repo", **url}, 409)
        self.hub.commit(f"{kind}/{name}", "initial commit", {})
        return url

    def validate(self) -> Any:
        return {"errors": [], "warnings": []}

    def preupload(self, kind: str, name: str, rev: str) -> Any:
        self.find(kind, name, rev)
        modes = [
            (f["path"], PurePosixPath(f["path"]).suffix in _LFS_SUFFIXES or f["size"] > 10_000_000)
            for f in json.loads(self.body)["files"]
        ]
        return {
            "files": [
                {"path": p, "uploadMode": "lfs" if lfs else "regular", "shouldIgnore": False} for p, lfs in modes
            ]
        }

    def commit(self, kind: str, name: str, rev: str) -> Any:
        files, message = dict(self.find(kind, name, rev).files), ""
        for line in self.body.splitlines():
            key, value = (operation := json.loads(line))["key"], operation["value"]
            path = value.get("path", "")
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise _Problem(400, "BadPath", f"path {path!r} leaves the repository")
            if key == "header":
                message = value["summary"]
            elif key == "file":
                files[path] = (self.hub.store(base64.b64decode(value["content"])), False)
            elif key == "lfsFile":
                if not (self.hub.blobs / value["oid"]).is_file():
                    raise _Problem(400, "MissingLfsObject", f"{path}: upload {value['oid']} first")
                files[path] = (value["oid"], True)
            elif key in ("deletedFile", "deletedFolder"):
                files = {p: f for p, f in files.items() if p != path and not p.startswith(path.rstrip("/") + "/")}
            else:
                raise _Problem(400, "BadOperation", f"unknown operation {key!r}")
        made = self.hub.commit(f"{kind}/{name}", message, files)
        return {"commitUrl": f"{self.hub.endpoint}/{name}/commit/{made.oid}", "commitOid": made.oid}

    def info(self, kind: str, name: str, rev: str | None) -> Any:
        commit = self.find(kind, name, rev)
        siblings = [{"rfilename": path} for path in commit.files]
        return {"id": name, "modelId": name, "sha": commit.oid, "private": False, "tags": [], "siblings": siblings}

    def tree(self, kind: str, name: str, rev: str, path: str | None) -> Any:
        commit, start = self.find(kind, name, rev), f"{path.rstrip('/')}/" if path else ""
        inside = {p: f for p, f in commit.files.items() if p.startswith(start)}
        if path and not inside:
            raise _Problem(404, "EntryNotFound", f"no folder {path}")
        folders = {str(parent) for p in inside for parent in PurePosixPath(p).parents if str(parent).startswith(start)}
        rows: list[dict[str, Any]] = [
            {"type": "directory", "path": folder, "size": 0, "oid": hashlib.sha1(folder.encode()).hexdigest()}
            for folder in sorted(folders - {".", path})
        ]
        for p, (sha, lfs) in inside.items():
            content = (self.hub.blobs / sha).read_bytes()
            row: dict[str, Any] = {"type": "file", "path": p, "size": len(content), "oid": _git_oid(content)}
            if lfs:
                row["lfs"] = {"oid": sha, "size": len(content), "pointerSize": 134}
            rows.append(row)
        if "recursive=true" not in urlsplit(self.path).query.lower():
            rows = [row for row in rows if "/" not in row["path"][len(start) :]]
        return rows

    def lfs_batch(self) -> Any:
        href = f"{self.hub.endpoint}/lfs/"
        objects = [
            {**wanted, "actions": {"upload": {"href": href + wanted["oid"]}}}
            if not (self.hub.blobs / wanted["oid"]).is_file()
            else wanted
            for wanted in json.loads(self.body)["objects"]
        ]
        return {"transfer": "basic", "objects": objects}

    def lfs_put(self, sha: str) -> Any:
        if hashlib.sha256(self.body).hexdigest() != sha:
            raise _Problem(400, "BadObject", "content does not have this SHA-256")
        self.hub.store(self.body)
        return {}

    def resolve(self, kind: str | None, name: str, rev: str, path: str) -> None:
        commit = self.find(kind, name, rev)
        if path not in commit.files:
            raise _Problem(404, "EntryNotFound", f"no file {path}")
        sha, lfs = commit.files[path]
        content = (self.hub.blobs / sha).read_bytes()
        etag = sha if lfs else _git_oid(content)
        self.answer(content, headers={"ETag": f'"{etag}"', "X-Repo-Commit": commit.oid})


def _git_oid(content: bytes) -> str:
    """Name that git gives a blob."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def fake_hub(tmp_path: Path) -> Iterator[FakeHub]:
    """A running, empty Hub; pass `fake_hub.environment` to a subprocess."""
    with FakeHub(tmp_path / "hub") as hub:
        yield hub
