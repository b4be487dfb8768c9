"""The lab's own certificate authority, for servers that are reached over TLS."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .podman import run_tool

__all__ = ["Authority"]

_DAYS = "3650"
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """Key and certificate in a folder of the lab's state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = folder / "ca.key"
        self.certificate = folder / "ca.crt"
        """What a client trusts, PEM."""

    def prepare(self) -> None:
        """Make both, once."""
        if self.certificate.exists():
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        files = ["-keyout", str(self._key), "-out", str(self.certificate)]
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        subject = ["-subj", "/CN=Truth Map lab", "-days", _DAYS]
        run_tool(["openssl", "req", "-x509", *_NEW_KEY, *files, *subject, *usage])

    def issue(self, name: str) -> tuple[str, str]:
        """Return key and certificate, PEM, of a server called `name` that is at 127.0.0.1 too."""
        with tempfile.TemporaryDirectory() as work:
            key, request, extensions, certificate = (
                Path(work, file) for file in ("key", "request", "extensions", "certificate")
            )
            extensions.write_text(
                f"subjectAltName=DNS:{name},DNS:localhost,IP:127.0.0.1\n"
                "keyUsage=critical,digitalSignature\n"
                "extendedKeyUsage=serverAuth\n"
                "authorityKeyIdentifier=keyid\n"
                "subjectKeyIdentifier=hash\n"
            )
            files = ["-keyout", str(key), "-out", str(request)]
            run_tool(["openssl", "req", "-new", *_NEW_KEY, *files, "-subj", f"/CN={name}"])
            authority = ["-CA", str(self.certificate), "-CAkey", str(self._key)]
            files = ["-in", str(request), "-extfile", str(extensions), "-out", str(certificate)]
            serial = ["-CAcreateserial", "-CAserial", str(Path(work, "serial")), "-days", _DAYS]
            run_tool(["openssl", "x509", "-req", *authority, *serial, *files])
            return key.read_text(), certificate.read_text()
