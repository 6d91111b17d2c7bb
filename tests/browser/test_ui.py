"""Claims about `pilot ui` in a real browser: the pilot's steps, plots and checks are there, and it stops cleanly."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.slow]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
SHOTS = Path(__file__).parents[2] / "test-artifacts"
PILOT = [sys.executable, "-c", "from pilot_pipeline.cli import main; main()"]
COLUMNS = [["feeds"], ["cohort"], ["readiness"], ["live_feeds"], ["weekly"], ["fairness", "value"], ["closeout"]]
COLUMNS += [["published"]]


def pilot(*arguments: str, **more) -> subprocess.Popen[str]:
    return subprocess.Popen([*PILOT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def family(pid: int) -> set[int]:
    """Every descendant of a process, as /proc tells it."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # gone in the meantime
            continue
        parents[int(entry.parent.name)] = int(fields[1])
    found, queue = set(), [pid]
    while queue:
        parent = queue.pop()
        children = {child for child, of in parents.items() if of == parent}
        found |= children
        queue += children
    return found


def wait_for(port: int, process: subprocess.Popen[str], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not listens(port):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "the UI did not come up"
        time.sleep(0.3)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("demo")
    made = subprocess.run([*PILOT, "demo", "--dir", str(directory)], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    correct_an_event(directory)
    return directory


def correct_an_event(directory: Path) -> None:
    """Correct one event of week 5 in the feed as it was read, as a late file would; nothing launches by itself."""
    settings = directory / "pilot.yaml"
    told = settings.read_text(encoding="utf-8")
    assert "watch_feeds: true" in told
    settings.write_text(told.replace("watch_feeds: true", "watch_feeds: false"), encoding="utf-8")
    with duckdb.connect(str(directory / "var" / "warehouse.duckdb")) as connection:
        connection.execute(
            "UPDATE feeds.tool_events SET duration_s = 1 WHERE event_id = "
            "(SELECT min(event_id) FROM weekly.cohort_events WHERE week_no = 5)"
        )


@pytest.fixture(scope="module")
def served(demo: Path) -> Iterator[str]:
    port = free_port()
    process = pilot("ui", "--config", str(demo / "pilot.yaml"), "--port", str(port))
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def page(served: str):
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    SHOTS.mkdir(exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, base_url=served)
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def playwright_timeout() -> type[Exception]:
    from playwright.sync_api import TimeoutError

    return TimeoutError


def shot(page, name: str) -> None:
    """Keep a picture of the page once a dialog has faded in."""
    page.wait_for_timeout(700)
    page.screenshot(path=SHOTS / name)


def open_asset(page, name: str) -> None:
    page.goto(f"/assets/{name}")
    page.get_by_role("columnheader", name="Column name").or_(page.get_by_text("Column name")).first.wait_for()
    page.get_by_text("Latest materialization").first.wait_for()


def picture_of(page, asset: str) -> tuple[int, int]:
    """Open the summary on an asset's page and return the natural size of the picture in it."""
    row = page.locator("tr", has=page.get_by_text("summary", exact=True)).filter(has_text="Show Markdown").last
    row.get_by_text("Show Markdown").click()
    image = page.locator("img[src^='data:image/svg+xml']").last
    image.wait_for()
    size = image.evaluate("async e => { await e.decode(); return [e.naturalWidth, e.naturalHeight] }")
    shot(page, f"ui-{asset}.png")
    page.get_by_role("button", name="Close").click()
    return size[0], size[1]


def test_the_graph_reads_left_to_right_as_the_steps_of_the_pilot(page):
    page.goto("/asset-groups")
    graph = page.locator("foreignObject")
    graph.first.wait_for()
    place = {}
    for name in (name for column in COLUMNS for name in column):
        node = graph.filter(has=page.get_by_text(name, exact=True)).first
        node.wait_for()
        place[name] = node.bounding_box()["x"]
    shot(page, "ui-graph.png")
    lefts = [[place[name] for name in column] for column in COLUMNS]
    assert all(max(left) < min(right) for left, right in itertools.pairwise(lefts)), place


def test_the_cohort_shows_its_love_plot_owner_group_and_columns(page):
    open_asset(page, "cohort_members")
    text = page.inner_text("body")
    for words in ("people-analytics", "cohort.cohort_members", "Judging cluster: managers linked by any pair."):
        assert words in text
    width, height = picture_of(page, "cohort_members")
    assert min(width, height) > 300


def test_weekly_kpis_shows_its_curves_and_where_its_columns_come_from(page):
    open_asset(page, "weekly_kpis")
    width, height = picture_of(page, "weekly_kpis")
    assert min(width, height) > 200
    text = page.inner_text("body")
    assert "One row per week_no, arm, kpi" in text
    assert "column_lineage" in text and "query" in text


def test_a_checkpoint_shows_every_check_in_a_table(page):
    page.goto("/assets/employees?view=checks")
    page.get_by_text("blocking").first.wait_for()
    page.get_by_text("Show Markdown").first.click()
    page.locator("table td", has_text="great_expectations").first.wait_for()
    shot(page, "ui-check.png")


def succeeds(page, asset: str, seconds: float = 180) -> None:
    """Wait until the last run of an asset, as the UI lists it, has succeeded."""
    deadline = time.monotonic() + seconds
    while True:
        page.goto("/runs")
        row = page.locator("div[class*=Row], tr").filter(has_text=asset).filter(has_text="Success").first
        try:
            return row.wait_for(timeout=5_000)
        except playwright_timeout():
            assert time.monotonic() < deadline, page.inner_text("body")


def test_a_partition_is_launched_and_succeeds_and_the_late_rows_are_a_failed_check_with_its_message(page):
    page.goto("/assets/week_inputs")
    page.get_by_role("button").filter(has_text="Materialize").first.click()
    page.get_by_role("button", name="Latest", exact=True).click()
    shot(page, "ui-partition.png")
    page.get_by_role("button").filter(has_text="Launch").last.click()
    page.get_by_text("Launch runs to materialize").wait_for(state="hidden")
    succeeds(page, "week_inputs")
    page.goto("/assets/week_inputs?view=checks")
    page.get_by_text("Feeds changed after week 5 had been computed").first.wait_for()
    shot(page, "ui-failed-check.png")
    text = page.inner_text("body")
    assert "When it fails:" in text and "Protects:" in text and "Failed" in text


def test_a_taken_port_is_said_in_a_sentence(served: str, demo: Path):
    port = served.rpartition(":")[2]
    second = pilot("ui", "--config", str(demo / "pilot.yaml"), "--port", port)
    said = second.communicate(timeout=60)[0]
    assert second.returncode == 2
    assert f"Port {port} on 127.0.0.1 is taken" in " ".join(said.split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_webserver_the_daemon_and_their_children(demo: Path, number: signal.Signals):
    port = free_port()
    process = pilot("ui", "--config", str(demo / "pilot.yaml"), "--port", str(port), start_new_session=True)
    wait_for(port, process)
    children = family(process.pid)
    assert len(children) >= 2
    os.kill(process.pid, number)
    said = process.communicate(timeout=60)[0]
    deadline = time.monotonic() + 20
    while (left := {pid for pid in children if Path(f"/proc/{pid}").exists()}) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert process.returncode == 0 and "Traceback" not in said
    assert not left and not listens(port)
