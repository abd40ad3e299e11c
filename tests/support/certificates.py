"""Certificates, made by openssl: of an authority, and of those that it certifies.

Decides their names. They hold for a day from now, and for nobody but the tests.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAME = "cache.example.com"
"""A name that a server's certificate has, besides those of this machine."""

_NEW_KEY: list[str | Path] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    """Who certifies others: its certificate is `path`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.path = folder / "authority.pem"
        _openssl(
            *("req", "-x509", *_NEW_KEY, "-subj", "/CN=authority", "-out", self.path),
            *("-keyout", folder / "authority-key.pem", "-days", "1"),
            *("-addext", "keyUsage=critical,keyCertSign"),
        )

    def certify(self, name: str, extension: str) -> tuple[Path, Path]:
        """Return a new certificate, and its key."""
        request, path, key = (self._folder / f"{name}{end}" for end in (".csr", ".pem", "-key.pem"))
        _openssl(
            *("req", *_NEW_KEY, "-subj", f"/CN={name}", "-addext", extension),
            *("-keyout", key, "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-out", path, "-days", "1"),
            *("-copy_extensions", "copy", "-CA", self.path, "-CAcreateserial"),
            *("-CAkey", self._folder / "authority-key.pem"),
        )
        return path, key

    def certify_server(self) -> tuple[Path, Path]:
        return self.certify("server", f"subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:{NAME}")

    def certify_client(self) -> tuple[Path, Path]:
        return self.certify("client", "extendedKeyUsage=clientAuth")


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
