"""The site is built without a warning, and a browser shows it as it is meant."""

from __future__ import annotations

import contextlib
import http.server
import json
import queue
import re
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urldefrag

import pytest

from tests.support.clock import PATIENCE
from tests.support.place import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCS = REPOSITORY / "docs"
PHONE, LAPTOP = 390, 1280  # pixels

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), "")


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build as `nox -s docs` does."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(source), str(site)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site."""
    folder = tmp_path_factory.mktemp("site")
    done = build(DOCS, folder)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_site_is_built_and_fetches_nothing(site: Path) -> None:
    for page in DOCS.glob("*.md"):
        text = (site / f"{page.stem}.html").read_text()
        assert not re.findall(r"<(?:script|link|img|iframe)[^>]*https?:[^>]*>", text)
    assert "<svg" in (site / "many.html").read_text()


@contextlib.contextmanager
def served(site: Path) -> Iterator[tuple[str, queue.Queue[bytes]]]:
    """Serve the site; yield its address, and what is posted to it."""
    posted: queue.Queue[bytes] = queue.Queue()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *request: Any) -> None:
            super().__init__(*request, directory=str(site))

        def do_POST(self) -> None:
            posted.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", posted
        server.shutdown()


def seen_by_browser(site: Path, profile: Path, **asked: object) -> dict[str, Any]:
    """Return what browser.html sees of the site, in one browser for all of it."""
    shutil.copy(REPOSITORY / "tests/docs/browser.html", site)
    with served(site) as (address, posted):
        page = f"{address}browser.html#{quote(json.dumps(asked))}"
        # Root may not have a sandbox, and the pages are ours.
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command = [
            BROWSER,
            *options,
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
            page,
        ]
        browser = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            seen: dict[str, Any] = json.loads(posted.get(timeout=PATIENCE))
        finally:
            browser.terminate()
            browser.wait()
    return seen


def troubles(site: Path, profile: Path) -> set[str]:
    """Return what is wrong with the pages of a site as a browser shows them."""
    names = sorted(path.name for path in site.glob("*.html"))
    seen = seen_by_browser(site, profile, pages=names, widths=[PHONE, LAPTOP], word="store")
    assert "error" not in seen
    pages: dict[str, Any] = seen["pages"]
    root = next(iter(pages)).rpartition("/")[0] + "/"

    def is_dead(link: str) -> bool:
        page, anchor = urldefrag(link)
        page = page if page != root else f"{root}index.html"
        if page not in pages:
            return not (site / unquote(page.removeprefix(root))).is_file()
        return bool(anchor) and unquote(anchor) not in pages[page]["anchors"]

    found = {link for link in seen["found"] if is_dead(link)}
    for page, look in pages.items():
        links = (link for link in look["links"] if link.startswith(root))
        found |= {f"{page}: {what}" for what in (*look["wide"], *look["broken"])}
        found |= {f"{page}: {link}" for link in links if is_dead(link)}
    return {what.replace(root, "") for what in found}


in_browser = pytest.mark.skipif(not BROWSER, reason="needs a browser: apt-get install chromium")


@in_browser
def test_in_a_browser_pages_fit_and_links_lead_somewhere(site: Path, tmp_path: Path) -> None:
    """Tables and code may scroll in their own boxes; a page must not scroll sideways."""
    assert troubles(site, tmp_path) == set()


@in_browser
def test_trouble_with_a_page_is_found(tmp_path: Path) -> None:
    """By the looks that find none on the site."""
    site = tmp_path / "site"
    site.mkdir()
    box = '<div style="overflow-x: auto">{}</div>'
    pre = '<pre style="width: 500px">wide</pre>'
    bodies = {
        "index": '<a id="top" href="/"></a><a href="#top"></a><a href="index.html#bottom"></a>',
        "one": f'{box.format(pre)}<a href="two.html"></a><a href="three.html"></a>',
        "two": pre,
        "picture": box.format('<svg width="1300"></svg>') + '<img src="nowhere.png">',
        "search": '<ul id="search-results"><li><a href="index.html"></a></li></ul>',
    }
    for name, body in bodies.items():
        text = f'<!doctype html><body style="margin: 0"><article>{body}</article>'
        (site / f"{name}.html").write_text(text)
    assert troubles(site, tmp_path / "profile") == {
        "index.html: index.html#bottom",
        "one.html: three.html",
        "two.html: at 390 px: the page: 500 px",
        f"two.html: at 390 px: {pre}",
        'picture.html: at 390 px: <svg width="1300"></svg>',
        'picture.html: at 1280 px: <svg width="1300"></svg>',
        "picture.html: nowhere.png",
    }


@pytest.mark.parametrize(
    "mistake", ["[a page](nowhere.md)", "[a heading](#nowhere)", "![a picture](nowhere.svg)"]
)
def test_a_link_that_leads_nowhere_fails(tmp_path: Path, mistake: str) -> None:
    shutil.copy(DOCS / "conf.py", tmp_path)
    shutil.copytree(DOCS / "_static", tmp_path / "_static")
    page = tmp_path / "index.md"
    page.write_text("# A page\n")
    assert build(tmp_path, tmp_path / "right").returncode == 0
    page.write_text(f"# A page\n\n{mistake}\n")
    done = build(tmp_path, tmp_path / "wrong")
    assert done.returncode != 0
    assert "nowhere" in done.stderr
