"""Every page that is written opens in a real browser, and nothing leaves the machine while it does.

The browser's only way out is a proxy that writes down who knocks; the requests that pages make are listed as well.
"""

from __future__ import annotations

import shutil
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import madeup
import pytest
import readiness_company as company

from checks.expectations import run_suite
from pilot_pipeline.closeout.scorecard import render_scorecard
from pilot_pipeline.readiness.results import CHECKPOINTS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync")
# Chromium itself looks for updates and the like, page or no page; these are its own, and none of ours.
OF_ITS_OWN = ("google.com", "googleapis.com", "gstatic.com", "gvt1.com")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture
def watched() -> Iterator[tuple[str, list[str]]]:
    """A proxy on this machine that lets nothing through, and what was asked of it."""
    asked: list[str] = []

    class Proxy(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline(2_000).decode("latin-1").strip())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data Docs of all four checkpoints, one with a fault in it, and a scorecard."""
    root = tmp_path_factory.mktemp("pages")
    people = company.employees()
    people.loc[people["employee_id"] == "p_0_0", "department"] = None
    for checkpoint, frames in company.checkpoint_frames(people, company.config()).items():
        run_suite(checkpoint, frames, company.config(), root)
    (root / "scorecard.html").write_text(render_scorecard(madeup.card()), encoding="utf-8")
    return root


def test_every_page_opens_and_no_request_leaves_the_machine(written: Path, watched: tuple[str, list[str]]):
    from playwright.sync_api import sync_playwright

    proxy, knocked = watched
    pages = sorted(written.rglob("*.html"))
    assert {page.relative_to(written).parts[0] for page in pages} == {*CHECKPOINTS, "scorecard.html"}
    asked: list[str] = []
    with sync_playwright() as playwright:
        # Without this exception list the browser would go around the proxy for 127.0.0.1, where nobody listens.
        flags = [*QUIET, f"--proxy-server={proxy}", "--proxy-bypass-list=<-loopback>"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        for path in pages:
            page.goto(path.as_uri(), wait_until="networkidle")
            assert len(page.inner_text("body")) > 100
        seen = len(knocked)
        with pytest.raises(Exception, match="ERR_"):
            page.goto("http://somewhere.example/x", timeout=10_000)
        browser.close()
    assert any("somewhere.example" in line for line in knocked), "the proxy would not have noticed"
    assert [line for line in knocked[:seen] if not any(host in line for host in OF_ITS_OWN)] == []
    assert [url for url in asked if not url.startswith(("file://", "data:", "http://somewhere.example"))] == []


def test_findings_and_keys_stand_on_the_pages_and_lead_from_one_to_the_other(written: Path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        page = browser.new_page()
        page.goto((written / "hris_feed" / "index.html").as_uri())
        index = page.inner_text("body")
        page.click("text=Results: hris_feed-employees")
        page.wait_for_selector("text=Expectation Validation Result")
        results = page.inner_text("body")
        browser.close()
    assert "department is filled in; not so in 1 row of 49" in index
    assert "p_0_0" in index and "1 (2 %)" in index
    assert "1 unexpected values found" in results
