"""Sinks by their URLs: folders and fsspec's stores, and several of them together."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from reporter.cli import run_command
from reporter.errors import InputError
from reporter.publish.folder import Folder
from reporter.publish.http import HttpPut
from reporter.publish.redis_stream import RedisStream
from reporter.publish.sinks import Delivery, SinkError, place_of, secret_of
from reporter.publish.store import Store
from reporter.publish.urls import publish, sinks_of
from tests import redis_server
from tests.builders import bundle, record, run_folder
from tests.publish.conftest import FILES, REPORT
from tests.publish.http_server import Answer, HttpServer

COMMAND = Path(sys.executable).parent / "truthmap"


@pytest.fixture
def memory() -> Iterator[Any]:
    """fsspec's file system in memory, empty."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return run_folder(tmp_path / "run", [bundle([record("systemd_state", "running\n")])])


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("reports", Folder),
        ("/srv/a:b?c#d", Folder),
        ("file:///srv/reports", Folder),
        ("file://localhost/srv/reports", Folder),
        ("http://h/x", HttpPut),
        ("HTTPS://h/x", HttpPut),
        ("redis://h/0?stream=s", RedisStream),
        ("rediss://h/0?stream=s", RedisStream),
        ("memory://bucket/x", Store),
        ("simplecache::memory://bucket/x", Store),
    ],
)
def test_a_url_names_its_sink(url: str, kind: type) -> None:
    """What is no URL is a path."""
    (sink,) = sinks_of([url])
    assert type(sink) is kind


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://u:pa55@h/x", "https://h/x: a password in a URL is seen by others"),
        ("sftp://u:pa55@h/x", "TRUTHMAP_PUBLISH_SECRET_H"),
        ("https://u@h/x", "no user in the URL"),
        ("https:///x", "no host in it"),
        ("https://h:port/x", "not a URL"),
        ("https://h/a b", "not a URL"),
        ("https://h/\x1b]0;x", "not a URL"),
        ("file://h/x", "file:///path"),
        ("nowhere://h/x", "Protocol not known: nowhere"),
        ("s3://bucket/x", "s3fs"),
    ],
)
def test_a_url_of_no_use_is_refused_before_anything_is_done(url: str, says: str) -> None:
    """With what is wrong, and nothing secret."""
    with pytest.raises(InputError) as refused:
        sinks_of([url])
    assert str(refused.value).startswith("--publish")
    assert says in str(refused.value)
    assert "pa55" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://my-reports.example:8443/x", "MY__REPORTS_EXAMPLE_8443"),
        ("https://h/x", "H"),
        ("redis://user@10.0.0.1:6380/0", "10_0_0_1_6380"),
        ("https://[::1]:1/x", "__1_1"),
    ],
)
def test_a_secret_is_that_of_host_and_port(
    monkeypatch: pytest.MonkeyPatch, url: str, name: str
) -> None:
    """As the documentation writes its variable."""
    monkeypatch.setenv(f"TRUTHMAP_PUBLISH_SECRET_{name}", "s3cret")
    assert secret_of(place_of(url)) == "s3cret"
    assert secret_of(place_of("https://h.other/x")) is None


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_folder_takes_all_or_none(tmp_path: Path, delivery: Delivery, form: str) -> None:
    """Private, and the earlier ones stay where something goes wrong."""
    folder = tmp_path / "a b" / "reports"
    url = form.format(str(folder) if "file" not in form else str(folder).replace(" ", "%20"))
    (sink,) = sinks_of([url])
    assert sink.send(delivery) == "files: 3"
    assert files_below(folder) == FILES
    assert all(path.stat().st_mode & 0o77 == 0 for path in folder.rglob("*"))
    blocked = Delivery(REPORT, lambda: iter([("report.txt", b"new"), ("report.json/x", b"")]))
    with pytest.raises(SinkError, match=r"^nothing was written: "):
        sink.send(blocked)
    assert files_below(folder) == FILES


def test_a_store_takes_all_files(memory: Any, delivery: Delivery) -> None:
    """Below the URL's path."""
    (sink,) = sinks_of(["memory://bucket/reports/"])
    assert sink.send(delivery) == "files: 3"
    assert {name: memory.cat_file(f"/bucket/reports/{name}") for name in FILES} == FILES


def test_a_store_on_disk_gets_its_folders(tmp_path: Path, delivery: Delivery) -> None:
    """A file system that wants a folder before a file in it."""
    (sink,) = sinks_of([f"local://{tmp_path}/new/reports"])
    assert sink.send(delivery) == "files: 3"
    assert files_below(tmp_path / "new" / "reports") == FILES


class Flaky(MemoryFileSystem):  # type: ignore[misc]
    """Fails as often as `failures` says, with these errors, when the second file is written."""

    protocol = "flaky"
    cachable = False
    store: dict[str, Any] = {}  # noqa: RUF012 - as fsspec's own, of all instances
    failures: list[Exception] = []  # noqa: RUF012 - of the class: each attempt has an instance

    @classmethod
    def _strip_protocol(cls, path: str) -> Any:
        return super()._strip_protocol(path.removeprefix("flaky:/"))

    def _open(self, path: str, *arguments: Any, **options: Any) -> Any:
        if path.endswith("hosts.csv") and self.failures:
            raise self.failures.pop(0)
        return super()._open(path, *arguments, **options)


@pytest.fixture
def flaky() -> Iterator[type[Flaky]]:
    fsspec.register_implementation("flaky", Flaky, clobber=True)
    Flaky.store.clear()
    Flaky.failures.clear()
    yield Flaky
    Flaky.store.clear()


def test_a_flaky_store_gets_everything(
    flaky: type[Flaky], delivery: Delivery, pauses: list[float]
) -> None:
    """Whatever its own library raises."""
    flaky.failures.extend([OSError("connection reset"), RuntimeError("slow down")])
    (sink,) = sinks_of(["flaky://bucket"])
    assert sink.send(delivery) == "files: 3"
    assert set(flaky.store) == {f"/bucket/{name}" for name in FILES}
    assert len(pauses) == 2


def test_a_store_that_fails_shows_no_half_report(
    flaky: type[Flaky], delivery: Delivery, pauses: list[float]
) -> None:
    """Given up after four attempts; the first file, which went well, is not there either."""
    flaky.failures.extend(OSError("connection reset") for _ in range(9))
    (sink,) = sinks_of(["flaky://bucket"])
    with pytest.raises(SinkError, match=r"^connection reset \(tried 4 times\)$"):
        sink.send(delivery)
    assert not [name for name in flaky.store if name.endswith(".txt")]
    assert len(pauses) == 3


def test_a_store_that_refuses_is_not_asked_again(
    flaky: type[Flaky], delivery: Delivery, pauses: list[float]
) -> None:
    """Rights do not come by waiting."""
    flaky.failures.append(PermissionError(13, "Permission denied"))
    (sink,) = sinks_of(["flaky://bucket"])
    with pytest.raises(SinkError, match=r"^Permission denied$"):
        sink.send(delivery)
    assert pauses == []


@pytest.mark.parametrize(
    ("scheme", "made"), [("oss", []), ("flaky", ["/bucket/x", "/bucket/x/csv"])]
)
def test_folders_are_made_and_buckets_are_not(
    flaky: type[Flaky], monkeypatch: pytest.MonkeyPatch, scheme: str, made: list[str]
) -> None:
    """A bucket that is missing may be a typing error, and would cost money."""
    folders: list[str] = []
    monkeypatch.setattr(Flaky, "makedirs", lambda _, path, exist_ok: folders.append(path))
    monkeypatch.setattr(fsspec, "get_filesystem_class", lambda _: flaky)
    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda *_, **__: (Flaky(), "/bucket/x"))
    flaky.failures.append(FileNotFoundError(2, "No such bucket"))
    (told,) = publish(sinks_of([f"{scheme}://bucket/x"]), Delivery(REPORT, FILES.items))  # type: ignore[arg-type]
    assert folders == made
    assert told[1:] == (("files: 3", True) if made else ("No such bucket", False))


def test_a_sink_that_fails_stops_no_other(
    tmp_path: Path, server: HttpServer, delivery: Delivery
) -> None:
    """Each is told of, in order."""
    server.always = {f"/{name}": Answer(403) for name in FILES}
    sinks = sinks_of([server.url, str(tmp_path / "reports")])
    told = list(publish(sinks, delivery))
    assert told == [
        (
            server.url,
            "report.txt, csv/hosts.csv, report.json: HTTP 403 Forbidden",
            False,
        ),
        (str(tmp_path / "reports"), "files: 3", True),
    ]
    assert files_below(tmp_path / "reports") == FILES


def test_the_command_publishes_and_names_what_failed(
    run: Path, tmp_path: Path, server: HttpServer, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Exit 3 for one failed sink, before 2 and 4; the others, --out and --summary are all there."""
    server.always["/report.md"] = Answer(403)
    out, pub, totals = tmp_path / "out", tmp_path / "pub", tmp_path / "summary.json"
    with redis_server.start(tmp_path / "redis") as redis:
        stream = f"redis://127.0.0.1:{redis.port}/0?stream=findings"
        words = ["--format", "json", "--format", "markdown", "--format", "csv"]
        words += ["--out", str(out), "--summary", str(totals), "--fail-on", "unknown"]
        for url in (f"{server.url}?sig=s1gned", str(pub), stream):
            words += ["--publish", url]
        code = run_command(["report", str(run), *words])
        count = redis.client().xlen("findings")
    printed = capsysbinary.readouterr()
    assert code == 3
    assert printed.out == b""
    assert printed.err.decode().splitlines()[3:] == [
        f"truthmap: {server.url}: not published: report.md: HTTP 403 Forbidden",
        f"Published: {pub} (files: 10)",
        f"Published: redis://127.0.0.1:{redis.port}/0 (stream findings) (events: {count})",
    ]
    assert count > 1
    assert len(server.requests) == 10
    assert files_below(pub) == files_below(out)
    assert totals.exists()


def test_publishing_takes_the_place_of_stdout(
    run: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Several formats need no --out then; a sink that works leaves the exit code as it is."""
    words = ["--format", "text", "--format", "json", "--publish", str(tmp_path / "pub")]
    assert run_command(["report", str(run), *words]) == 0
    assert capsysbinary.readouterr().out == b""
    assert set(files_below(tmp_path / "pub")) == {"report.txt", "report.json"}


def test_a_bad_url_is_refused_before_collecting(tmp_path: Path) -> None:
    """One line, exit 3, nothing collected."""
    done = subprocess.run(
        [COMMAND, "run", "--publish", "redis://h/0"],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ},
        timeout=60,
    )
    assert done.returncode == 3
    assert done.stderr == (
        "truthmap: --publish redis://h/0: name the stream: redis://h/0?stream=NAME\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_hostile_answer_reaches_no_terminal(
    run: Path, server: HttpServer, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A server chooses the words of its refusal."""
    server.always["/report.txt"] = Answer(403, reason="No\x1b]0;owned\x07")
    assert run_command(["report", str(run), "--publish", server.url]) == 3
    err = capsysbinary.readouterr().err
    assert b"\x1b" not in err
    assert b"HTTP 403 No\\x1b]0;owned" in err
