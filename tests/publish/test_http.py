"""HTTP PUT: each file whole, tried again where that may help, secrets only where they belong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reporter.errors import InputError
from reporter.publish.http import HttpPut
from reporter.publish.retry import ATTEMPTS
from reporter.publish.sinks import Delivery, SinkError, place_of
from tests.publish.conftest import FILES
from tests.publish.http_server import Answer, HttpServer, serving
from tests.redis_server import free_port


def put(url: str, delivery: Delivery) -> str:
    return HttpPut(place_of(url)).send(delivery)


def variable(server: HttpServer, what: str = "SECRET") -> str:
    return f"TRUTHMAP_PUBLISH_{what}_127_0_0_1_{server.port}"


def test_each_file_is_put_to_the_url_and_its_name(server: HttpServer, delivery: Delivery) -> None:
    """The body is the file, its type is said, the URL's query stays."""
    assert put(f"{server.url}/reports/?sig=x", delivery) == "files: 3"
    assert {one.path: one.body for one in server.requests} == {
        f"/reports/{name}?sig=x": content for name, content in FILES.items()
    }
    types = {one.path.partition("?")[0]: one.headers["Content-Type"] for one in server.requests}
    assert types == {
        "/reports/report.txt": "text/plain; charset=utf-8",
        "/reports/csv/hosts.csv": "text/csv; charset=utf-8",
        "/reports/report.json": "application/json",
    }
    assert all("Authorization" not in one.headers for one in server.requests)


def test_a_flaky_server_gets_everything(
    server: HttpServer, delivery: Delivery, pauses: list[float]
) -> None:
    """Busy, gone amid the answer, busy again: every file arrives, after growing pauses."""
    server.answers = [Answer(503), Answer(cut=True), Answer(429), Answer()]
    assert put(server.url, delivery) == "files: 3"
    taken = [one.path for one in server.requests]
    assert taken == ["/report.txt"] * 4 + ["/csv/hosts.csv", "/report.json"]
    assert len(pauses) == 3
    for pause, least in zip(pauses, (0.5, 1.0, 2.0), strict=True):
        assert least <= pause <= least + 0.5


def test_the_server_says_how_long_to_wait(
    server: HttpServer, delivery: Delivery, pauses: list[float]
) -> None:
    """Up to half a minute; a date is no number, and our own pause counts."""
    for asked in ("3", "3600", "Wed, 21 Oct 2026 07:28:00 GMT"):
        server.answers.append(Answer(503, {"Retry-After": asked}))
    put(server.url, delivery)
    assert pauses[:2] == [3.0, 30.0]
    assert 2.0 <= pauses[2] <= 2.5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 301, 302, 307, 308])
def test_what_is_refused_is_named_and_stops_no_other(
    server: HttpServer, delivery: Delivery, pauses: list[float], status: int
) -> None:
    """No attempt is made again, and no redirection followed."""
    server.always["/report.txt"] = Answer(status, {"Location": f"{server.url}/elsewhere"})
    with pytest.raises(SinkError, match=rf"^report\.txt: HTTP {status} ") as failed:
        put(server.url, delivery)
    assert ("redirections are not followed" in str(failed.value)) is (status < 400)
    taken = [one.path for one in server.requests]
    assert taken == ["/report.txt", "/csv/hosts.csv", "/report.json"]
    assert pauses == []


def test_a_server_that_stays_busy_is_given_up(
    server: HttpServer, delivery: Delivery, pauses: list[float]
) -> None:
    """After four attempts; what was delivered before is not named, what was not is."""
    server.always["/csv/hosts.csv"] = Answer(503)
    with pytest.raises(SinkError) as failed:
        put(server.url, delivery)
    assert str(failed.value) == (
        "csv/hosts.csv, report.json: HTTP 503 Service Unavailable (tried 4 times)"
    )
    assert len(pauses) == ATTEMPTS - 1


def test_a_server_that_is_not_there_is_named(delivery: Delivery) -> None:
    """All files, with the reason."""
    with pytest.raises(SinkError) as failed:
        put(f"http://127.0.0.1:{free_port()}", delivery)
    assert str(failed.value) == (
        "report.txt, csv/hosts.csv, report.json: Connection refused (tried 4 times)"
    )


def test_a_certificate_nobody_vouches_for_is_refused_at_once(
    tmp_path: Path, delivery: Delivery, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent, no secret either; with its authority known, all is."""
    certificate = tmp_path / "server.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1"]
    words += ["-keyout", str(certificate), "-out", str(tmp_path / "ca.pem")]
    subprocess.run(words, check=True, capture_output=True)
    certificate.write_bytes(certificate.read_bytes() + (tmp_path / "ca.pem").read_bytes())
    with serving(certificate) as server:
        with pytest.raises(SinkError, match=r"its certificate: self.signed certificate"):
            put(server.url, delivery)
        assert (server.requests, pauses) == ([], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert put(server.url, delivery) == "files: 3"


def test_many_files_are_not_all_named(server: HttpServer) -> None:
    """The first five, and how many more."""
    pages = {f"hosts/{number}.html": b"" for number in range(12)}
    server.always = {f"/{name}": Answer(403) for name in pages}
    with pytest.raises(SinkError, match=r"hosts/4\.html and 7 more: HTTP 403 Forbidden$"):
        put(server.url, Delivery(None, lambda: iter(pages.items())))  # type: ignore[arg-type]


def test_a_secret_goes_to_its_host_alone(
    server: HttpServer, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a bearer token; a secret for another host or port is not this one's."""
    monkeypatch.setenv("TRUTHMAP_PUBLISH_SECRET_127_0_0_1", "of-no-port")
    monkeypatch.setenv("TRUTHMAP_PUBLISH_SECRET_REPORTS_EXAMPLE", "of-another")
    put(server.url, delivery)
    assert all("Authorization" not in one.headers for one in server.requests)
    monkeypatch.setenv(variable(server), "s3cret")
    put(server.url, delivery)
    assert {one.headers["Authorization"] for one in server.requests[3:]} == {"Bearer s3cret"}


def test_a_header_takes_the_place_of_the_bearer(
    server: HttpServer, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a server calls it."""
    monkeypatch.setenv(variable(server), "s3cret")
    monkeypatch.setenv(variable(server, "HEADER"), "X-Api-Key:  k3y ")
    put(server.url, delivery)
    assert all(one.headers["X-Api-Key"] == "k3y" for one in server.requests)
    assert all("Authorization" not in one.headers for one in server.requests)


@pytest.mark.parametrize("what", ["SECRET", "HEADER"])
@pytest.mark.parametrize("value", ["a: b\r\nX-Evil: c", "a: blåbær", "a:\x1b"])
def test_what_is_no_header_is_refused_unseen(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, what: str, value: str
) -> None:
    """The variable is named, its value is not shown."""
    monkeypatch.setenv(variable(server, what), value)
    with pytest.raises(InputError) as refused:
        HttpPut(place_of(server.url))
    assert f"TRUTHMAP_PUBLISH_{what}_" in str(refused.value)
    assert value not in str(refused.value)


def test_a_failure_shows_no_secret(
    server: HttpServer, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither that of the environment nor a signature in the URL."""
    monkeypatch.setenv(variable(server), "s3cret")
    server.always = {f"/{name}": Answer(403) for name in FILES}
    sink = HttpPut(place_of(f"{server.url}/?sig=s1gned"))
    with pytest.raises(SinkError) as failed:
        sink.send(delivery)
    told = f"{failed.value} {sink.name}"
    assert "s3cret" not in told
    assert "s1gned" not in told


def test_a_missing_package_is_named(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "tenacity", None)
    with pytest.raises(InputError, match=r"needs tenacity.*pip install 'truthmap\[publish\]'"):
        HttpPut(place_of(server.url))
