"""Claims about the plots: what their titles say, that nothing is drawn across gaps, and that the files are clean."""

from __future__ import annotations

import base64
import re

import madeup
import pandas as pd
import pytest

from pilot_pipeline.charts import plots
from pilot_pipeline.charts.frames import clean, day, records
from pilot_pipeline.charts.render import picture_markdown, title_of, to_svg


def test_ids_of_two_drawings_on_one_page_never_collide_and_every_reference_resolves():
    clipped = plots.roi_bars(madeup.roi())
    page = to_svg(clipped, "one") + to_svg(clipped, "two")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert ids and len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)


def test_the_same_figures_give_the_same_bytes_within_one_process():
    first, second = (to_svg(plots.love_plot(madeup.cohort_balance()), "a") for _ in range(2))
    assert first == second


def test_a_drawing_asks_no_host_for_anything_and_names_itself():
    chart = plots.roi_bars(madeup.roi())
    svg = to_svg(chart, "roi")
    assert "http" not in svg.replace("http://www.w3.org/", "")
    assert f'role="img" aria-label="{title_of(chart)}"' in svg


def test_what_a_frame_says_cannot_break_out_of_a_drawing():
    balance = madeup.cohort_balance().assign(covariate='<script>alert("x")</script>')
    assert "<script" not in to_svg(plots.love_plot(balance), "x")


def test_markdown_carries_the_drawing_itself():
    chart = plots.sso_matrix(madeup.sso_states())
    chart.title = "Sign-on [matrix]"
    markdown = picture_markdown(chart)
    shown = r"\*\*Sign-on \[matrix\]\*\*\n\n!\[Sign-on  matrix \]\(data:image/svg\+xml;base64,(.+)\)"
    found = re.fullmatch(shown, markdown)
    assert found and base64.b64decode(found.group(1)).decode() == to_svg(chart, "plot")


@pytest.mark.parametrize(
    ("after", "claim"),
    [(0.05, "well balanced"), (0.2, "acceptably balanced"), (-0.31, "still differ in tenure years by 0.31 SD")],
)
def test_the_love_plot_says_how_balanced_the_arms_are(after: float, claim: str):
    balance = madeup.cohort_balance().assign(smd_after=[0.0, after, 0.0, 0.0])
    assert claim in title_of(plots.love_plot(balance))


def test_a_covariate_without_a_comparison_does_not_stop_the_plot():
    balance = madeup.cohort_balance().assign(smd_after=[0.1, None, 0.1, 0.1], smd_before=None)
    assert "well balanced" in title_of(plots.love_plot(balance))


def test_a_suppressed_week_is_a_gap_and_never_a_line_through():
    weekly = madeup.weekly_kpis()
    hidden = (weekly["kpi"] == "adoption") & (weekly["week_no"] == 5)
    weekly.loc[hidden, ["value", "ci_low", "ci_high"]] = float("nan")
    spec = plots.weekly_curve(weekly, "adoption").to_dict()
    values = [row for row in _rows(spec) if row.get("week") == 5 and row.get("arm") == "Pilot"]
    assert values and all(row["value"] is None for row in values)
    assert {"break-paths-filter-domains"} == {
        layer["mark"]["invalid"] for layer in spec["layer"] if layer["mark"].get("type") in ("line", "area")
    }


def test_waves_are_points_and_a_contrast_target_is_not_drawn_across_one_arm():
    spec = plots.weekly_curve(madeup.weekly_kpis(), "behaviour_change").to_dict()
    assert not any(layer["mark"]["type"] in ("line", "area") for layer in spec["layer"])
    assert not any(row.get("word") == "target" for row in _rows(spec))


def test_a_kpi_without_a_value_says_so_instead_of_an_empty_frame():
    assert "not measured yet" in title_of(plots.weekly_curve(madeup.weekly_kpis(3), "behaviour_change"))


def test_the_weekly_title_gives_the_last_publishable_value():
    assert re.fullmatch(
        r"Adoption: \d+ % in week 12, on track", title_of(plots.weekly_curve(madeup.weekly_kpis(), "adoption"))
    )


def test_the_heat_map_shows_the_latest_audit_and_withholds_small_groups():
    audit = madeup.bias_audit("bias_found")
    older = audit.loc[audit["audit"] == "live"].assign(as_of=madeup.START, rate=0.99)
    chart = plots.bias_heat_map(pd.concat([audit, older], ignore_index=True))
    rows = _rows(chart.to_dict())
    assert title_of(chart) == "Live audit of 2026-03-23: bias found by gender"
    assert all(row["word"] != "99" for row in rows)
    assert {row["word"] for row in rows if row["group"] == "Gender: x"} == {"n/a"}


def test_attrition_never_flattens_the_other_levers():
    spec = plots.roi_bars(madeup.roi()).to_dict()
    domains = [layer["encoding"]["x"]["scale"]["domain"] for layer in spec["layer"] if "clip" in layer["mark"]]
    assert domains and max(map(abs, domains[0])) < 300_000
    assert {row["ends"] for row in _rows(spec) if row.get("lever") == "attrition"} == {"−3.9 m to 3.9 m"}


def test_a_value_that_fits_is_not_cut():
    roi = madeup.roi().assign(p10=[1.0, -2.0, None, -3.0, -5.0], p90=[9.0, 8.0, None, 4.0, 9.0])
    assert all(row["ends"] == "" for row in _rows(plots.roi_bars(roi).to_dict()) if "ends" in row)


def test_kpis_are_counted_against_their_targets():
    assert title_of(plots.kpi_effects(madeup.kpi_scorecard())) == "4 of 5 measured KPIs reached their target"


@pytest.mark.parametrize(
    "charts",
    [
        lambda: [plots.love_plot(madeup.cohort_balance())],
        lambda: plots.weekly_curves(madeup.weekly_kpis()),
        lambda: [plots.bias_heat_map(madeup.bias_audit())],
        lambda: [plots.roi_bars(madeup.roi())],
        lambda: [plots.kpi_effects(madeup.kpi_scorecard())],
        lambda: [plots.sso_matrix(madeup.sso_states())],
        lambda: [plots.tornado_bars(madeup.tornado())],
    ],
)
def test_every_drawing_is_valid_vega_lite(charts):
    drawn = charts()
    assert drawn
    for chart in drawn:
        assert chart.to_dict(validate=True)["$schema"]


@pytest.mark.parametrize(
    "chart",
    [
        lambda: plots.love_plot(madeup.cohort_balance().head(0)),
        lambda: plots.weekly_curves(madeup.weekly_kpis().head(0))[0],
        lambda: plots.bias_heat_map(madeup.bias_audit().head(0)),
        lambda: plots.flip_heat_map(pd.DataFrame()),
        lambda: plots.roi_bars(madeup.roi().head(0)),
        lambda: plots.kpi_effects(madeup.kpi_scorecard().head(0)),
        lambda: plots.sso_matrix(madeup.sso_states().head(0)),
        lambda: plots.tornado_bars(madeup.tornado().head(0)),
    ],
)
def test_without_rows_there_is_a_sentence_and_not_a_crash(chart):
    assert re.search(r">[A-Z][^<]+\.</text>", to_svg(chart(), "empty"))


def test_every_null_becomes_none_and_dates_stay_dates():
    frame = pd.DataFrame(
        {"n": pd.array([1, None], dtype="Int64"), "x": [float("nan"), 2.5], "d": [pd.NaT, madeup.START]}
    )
    assert records(frame) == [{"n": 1, "x": None, "d": None}, {"n": None, "x": 2.5, "d": madeup.START}]
    assert day(pd.Timestamp("2026-01-05 10:00")) == madeup.START
    assert clean(float("inf")) is None


def _rows(spec: dict) -> list[dict]:
    return [row for rows in spec.get("datasets", {}).values() for row in rows] + [
        row
        for layer in [spec, *spec.get("layer", [])]
        for row in (layer.get("data", {}).get("values", []) if isinstance(layer.get("data"), dict) else [])
    ]


def rates() -> pd.DataFrame:
    rows = [("useless", "The tool changes nothing.", 0.001, 0.88), ("very_good", "Every effect is 0.8 SD.", 0.845, 0.0)]
    frame = pd.DataFrame(rows, columns=["truth", "description", "go", "no_go"])
    return frame.assign(pilots=2000, reconfigure=1 - frame["go"] - frame["no_go"], go_error=0.01, no_go_error=0.01)


def test_verdict_shares_fill_each_bar_and_the_title_says_both_ends():
    chart = plots.verdict_shares(rates())
    bars = [row for row in _rows(chart.to_dict()) if row["name"] == "Useless"]
    assert [row["verdict"] for row in bars] == ["Go", "Reconfigure", "No-go"]
    assert [round(row["high"] - row["low"], 3) for row in bars] == [0.001, 0.119, 0.88]
    assert [row["figure"] for row in bars] == ["", "12", "88"]
    assert title_of(chart) == "The rule says go in 0.1 % of useless tools and 84.5 % of very good ones"
    assert "Nothing was simulated" in to_svg(plots.verdict_shares(rates().head(0)), "x")
