"""Data Docs open in a real browser without asking the network for anything."""

from __future__ import annotations

import shutil

import pytest
import readiness_company as company

from checks.expectations import run_suite

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_every_page_opens_offline_and_shows_its_findings(tmp_path):
    from playwright.sync_api import sync_playwright

    people = company.employees()
    people.loc[people["employee_id"] == "p_0_0", "department"] = None
    run_suite("hris_feed", {"employees": people}, company.config(), tmp_path)
    pages = sorted(tmp_path.rglob("*.html"))
    asked: list[str] = []
    seen: dict[str, str] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        for path in pages:
            page.goto(path.as_uri())
            seen[path.name] = page.inner_text("body")
        page.goto((tmp_path / "hris_feed" / "index.html").as_uri())
        page.click("text=Results: hris_feed-employees")
        page.wait_for_selector("text=Expectation Validation Result")
        browser.close()
    assert len(pages) == 3
    assert [url for url in asked if not url.startswith("file://")] == []
    assert "department is filled in; not so in 1 row of 49" in seen["index.html"]
    assert "p_0_0" in seen["index.html"]
    assert "1 unexpected values found" in seen["hris_feed-employees.html"]
