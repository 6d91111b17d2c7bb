"""Claims about the scorecard in a real browser: it fits a phone and a desk, and it asks no host for anything."""

from __future__ import annotations

import shutil
from pathlib import Path

import madeup
import pytest

from pilot_pipeline.closeout.scorecard import render_scorecard

pytestmark = pytest.mark.browser
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

# Text that sticks out of its cell, tile or column would be cut or would lie over its neighbour.
OVERFLOWING = """() => [...document.querySelectorAll('td, th, .tiles a, .word, figcaption, li, dd')]
    .filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).map(e => e.textContent.trim().slice(0, 40))"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "scorecard.html"
    file.write_text(render_scorecard(madeup.card()), encoding="utf-8")
    return file


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_scorecard_fits_and_loads_nothing(page_file: Path, width: int):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": width, "height": 900})
        requests, messages = [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        page.goto(page_file.as_uri())
        sideways = page.evaluate("document.documentElement.scrollWidth")
        overflowing = page.evaluate(OVERFLOWING)
        browser.close()
    assert requests == [page_file.as_uri()]
    assert messages == []
    assert sideways == width
    assert overflowing == []
