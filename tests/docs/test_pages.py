"""The pages are up to date, their links lead somewhere, and the site builds without a warning and fits a phone."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from kpis_planted import FEEDS, planted_config

from pilot_pipeline.cohort.power import adoption_line
from pilot_pipeline.config import FeedSource
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.plan import check_mapping

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.M | re.S)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def test_the_data_dictionary_is_what_canon_and_marts_say():
    sys.path.insert(0, str(DOCS))
    try:
        from generate import PAGE, data_dictionary
    finally:
        sys.path.remove(str(DOCS))
    assert PAGE.read_text(encoding="utf-8") == data_dictionary(), "run: python docs/generate.py"


def test_the_table_of_verdicts_is_what_the_gate_says():
    sys.path.insert(0, str(DOCS))
    try:
        from verdict_table import PAGE, verdict_page
    finally:
        sys.path.remove(str(DOCS))
    assert PAGE.read_text(encoding="utf-8") == verdict_page(), "run: python docs/generate.py"


def test_the_counts_of_the_adoption_line_are_those_of_the_code():
    rows = re.findall(r"^\s*\| (?:participants|active participants needed) \|(.+)\|$", _text("decision-rule.md"), re.M)
    people, needed = ([int(cell) for cell in row.split("|")] for row in rows)
    assert needed == [adoption_line(n, 0.70) for n in people]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page: Path):
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:", target) and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_the_mappings_on_the_page_about_feeds_are_taken():
    blocks = re.findall(r"^```yaml\n(.*?)^```", _text("feeds.md"), re.M | re.S)
    assert len(blocks) >= 4
    for block in blocks:
        for feed, source in yaml.safe_load(block)["feeds"].items():
            check_mapping(FeedSource.model_validate(source), CANON[feed], ZoneInfo("Europe/Berlin"))


def test_the_declarations_on_the_page_about_own_kpis_are_taken():
    (block,) = re.findall(r"^```yaml\n(.*?)^```", _text("further-kpis.md"), re.M | re.S)
    said = yaml.safe_load(block)
    config = planted_config(kpis=said["kpis"], feeds={**FEEDS, **said["feeds"]})
    assert {kpi.name for kpi in config.kpis.further} == {"escalations", "regular_talks"}
    assert config.kpis.required_effects[-1] == "escalations"


def test_every_decision_note_is_listed_and_dated():
    listed = _text("decisions/index.md")
    notes = sorted(path.name for path in (DOCS / "decisions").glob("2*.md"))
    assert len(notes) >= 10
    for name in notes:
        assert f"({name})" in listed
        assert name[:10] in (DOCS / "decisions" / name).read_text(encoding="utf-8").splitlines()[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(target), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return target


def test_the_site_builds_without_a_warning_and_holds_every_page(site: Path):
    built = {path.relative_to(site).with_suffix(".md") for path in site.rglob("*.html")}
    assert {path.relative_to(DOCS) for path in DOCS.rglob("*.md")} <= built
    assert not list(site.rglob("*.py"))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_the_screen_and_ask_no_other_host(site: Path, address: str, width: int):
    from playwright.sync_api import sync_playwright

    pages = sorted(str(path.relative_to(site)) for path in site.rglob("*.html") if path.name != "404.html")
    asked: set[str] = set()
    wide = {}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("request", lambda request: asked.add(request.url))
        for name in pages:
            page.goto(f"{address}/{name}", wait_until="networkidle")
            wide[name] = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert {name: seen for name, seen in wide.items() if seen > width} == {}


def _text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")
