"""Claims about what Dagster loads: the graph is the pilot's steps, every asset says what it is, none forgets the gate.

The snapshot holds the shape of the whole graph; a change to it is a change that a reviewer should see:
`pytest tests/definitions --snapshot-update`.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets.live import live_asset
from assets.personal_data import CLASSES, PERSONAL_DATA_TAG
from assets.stage import LIVE_TAG, Stage, stage_asset
from pilot_pipeline.config import Home, Pilot, parse_config
from pilot_pipeline.definitions import NoHiddenStorage, build_defs
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.simulation.template import example_config
from pilot_pipeline.warehouse.models import load_models
from pilot_pipeline.warehouse.tables import Table, TableColumn

# The roof silences this notice for users; pytest counts its own filters afresh.
pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

STEPS = ["feeds", "cohort", "readiness", "live_feeds", "weekly", "fairness", "value", "closeout", "published"]
LIVE_FEEDS = {name for name, feed in CANON.items() if feed.live or feed.live_from}
EXTRA = Table("weekly", "somebodys_idea", "Made up for a test.", (TableColumn("week_no", "BIGINT", "The week."),))


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Pilot:
    config = parse_config(example_config(), {"PILOT_PSEUDONYM_KEY": "a key for tests only"}, "the example")
    return Pilot(config, Home(tmp_path_factory.mktemp("pilot")))


@pytest.fixture(scope="module")
def defs(pilot: Pilot) -> dg.Definitions:
    return build_defs(pilot)


@pytest.fixture(scope="module")
def specs(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    found = [spec for asset in defs.assets or () for spec in asset.specs]
    assert len({spec.key for spec in found}) == len(found)
    return {spec.key.to_user_string(): spec for spec in found}


@pytest.fixture(scope="module")
def repository(defs: dg.Definitions) -> dg.RepositoryDefinition:
    """The same objects as a code server serves them; it refuses what `Definitions` alone lets pass."""
    return defs.get_repository_def()


def test_every_asset_has_a_description_an_owner_a_step_and_a_column_schema(specs: dict[str, dg.AssetSpec]) -> None:
    assert len(specs) > 50
    for name, spec in specs.items():
        assert spec.description and spec.description.endswith("."), name
        assert spec.owners and spec.kinds, name
        assert spec.group_name in STEPS, name
        assert spec.tags[PERSONAL_DATA_TAG] in CLASSES, name
        columns = spec.metadata["dagster/column_schema"].columns
        assert columns, name
        assert all(column.type and column.description for column in columns), name


def test_the_class_of_personal_data_follows_from_the_columns(specs: dict[str, dg.AssetSpec]) -> None:
    told = {name: spec.tags[PERSONAL_DATA_TAG] for name, spec in specs.items()}
    people = {column.name for feed in CANON.values() for column in feed.columns if column.personal == "person_id"}
    for name, spec in specs.items():
        shown = {column.name for column in spec.metadata["dagster/column_schema"].columns}
        about_nobody = {"none", "aggregate", "synthetic", "free_text"}
        assert not (shown & people and told[name] in about_nobody), name
    assert all(told[model.name] == "aggregate" for model in load_models().values() if model.layer == "marts")
    assert told["employees"] == "protected" and told["competencies"] == "none"


def test_every_step_of_the_pilot_is_a_group(specs: dict[str, dg.AssetSpec]) -> None:
    assert {spec.group_name for spec in specs.values()} == set(STEPS)


def test_the_graph_of_groups_reads_as_the_steps_in_their_order(specs: dict[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        for dep in spec.deps:
            earlier = specs[dep.asset_key.to_user_string()].group_name
            assert STEPS.index(earlier) <= STEPS.index(spec.group_name), (name, dep.asset_key)


def test_every_feed_of_the_contract_and_every_model_is_an_asset(specs: dict[str, dg.AssetSpec]) -> None:
    assert set(CANON) <= set(specs)
    assert set(load_models()) <= set(specs)


def test_no_asset_depends_on_one_that_does_not_exist(specs: dict[str, dg.AssetSpec]) -> None:
    needed = {dep.asset_key.to_user_string() for spec in specs.values() for dep in spec.deps}
    assert needed <= set(specs)


def test_the_published_marts_show_the_columns_of_their_contract(specs: dict[str, dg.AssetSpec]) -> None:
    for model in load_models().values():
        shown = specs[model.name].metadata["dagster/column_schema"].columns
        assert [(column.name, column.type) for column in shown] == list(model.types.items())


def test_everything_that_touches_live_data_carries_the_gate(specs: dict[str, dg.AssetSpec]) -> None:
    live = {name for name, spec in specs.items() if LIVE_TAG in spec.tags}
    assert live >= LIVE_FEEDS | {"weekly_kpis", "kpi_results", "verdict", "scorecard", "release"}
    for name in live:
        assert dg.AssetKey("golive") in {dep.asset_key for dep in specs[name].deps}, name
    for name, spec in specs.items():
        if name not in live:
            assert not live & {dep.asset_key.to_user_string() for dep in spec.deps}, name


def _extra(factory, deps: list[str]) -> dg.AssetsDefinition:
    @factory(group="weekly", described=EXTRA, deps=deps)
    def body(stage: Stage) -> dg.MaterializeResult:
        """Do nothing."""
        return dg.MaterializeResult()

    return body


@pytest.mark.parametrize("upstream", ["tool_events", "manager_time", "weekly_kpis", "release"])
def test_a_new_asset_downstream_of_live_data_cannot_forget_the_gate(pilot: Pilot, upstream: str) -> None:
    with pytest.raises(ValueError, match="somebodys_idea: downstream of live data but not made with @live_asset"):
        build_defs(pilot, extra_assets=[_extra(stage_asset, [upstream])])


def test_nor_can_one_that_was_made_with_plain_dagster(pilot: Pilot) -> None:
    @dg.asset(deps=["tool_events"])
    def somebodys_shortcut() -> None:
        """Read live data past the gate."""

    with pytest.raises(ValueError, match="somebodys_shortcut"):
        build_defs(pilot, extra_assets=[somebodys_shortcut])


def test_nor_one_that_hides_behind_another(pilot: Pilot) -> None:
    @dg.asset(deps=["golive"])
    def harmless() -> None:
        """Touch nothing live."""

    @dg.asset(deps=["harmless", "recommendations"])
    def hidden() -> None:
        """Touch live data."""

    with pytest.raises(ValueError, match=r"^hidden: "):
        build_defs(pilot, extra_assets=[harmless, hidden])


def test_a_new_asset_with_the_gate_is_welcome(pilot: Pilot) -> None:
    extended = build_defs(pilot, extra_assets=[_extra(live_asset, ["tool_events"])])
    assert any(asset.keys == {dg.AssetKey("somebodys_idea")} for asset in extended.assets or ())


def test_a_new_asset_upstream_of_the_gate_needs_none(pilot: Pilot) -> None:
    extended = build_defs(pilot, extra_assets=[_extra(stage_asset, ["employees"])])
    extended.get_repository_def()


def test_a_returned_value_is_refused_and_not_pickled_to_disk(pilot: Pilot) -> None:
    @dg.asset
    def returns_people() -> list[str]:
        return ["somebody"]

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [returns_people],
            instance=instance,
            resources={"io_manager": NoHiddenStorage()},
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    assert not result.success
    failure = result.get_step_failure_events()[0].step_failure_data
    assert "returns_people returned a value" in str(failure.error)


def test_the_four_checkpoints_and_go_live_are_blocking_checks(defs: dg.Definitions) -> None:
    checks = {spec.name: spec for check in defs.asset_checks or () for spec in check.check_specs}
    blocking = {"hris_feed", "sso_matrix", "pathways", "synthetic_audit", "golive_holds"}
    assert {name for name, spec in checks.items() if spec.blocking} == blocking


def test_every_check_says_what_it_protects_and_what_to_do(defs: dg.Definitions) -> None:
    for spec in (spec for check in defs.asset_checks or () for spec in check.check_specs):
        assert "**Protects:**" in spec.description and "**When it fails:**" in spec.description, spec.name


def test_what_the_code_server_serves_loads(repository: dg.RepositoryDefinition) -> None:
    jobs = {job.name for job in repository.get_all_jobs()}
    assert {"design", "readiness", "pilot_week"} <= jobs
    ops = {node for job in repository.get_all_jobs() for node in job.graph.node_dict}
    assert not jobs & ops


def test_jobs_schedules_and_sensors_say_what_they_do(repository: dg.RepositoryDefinition) -> None:
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    for one in (*jobs, *repository.schedule_defs, *repository.sensor_defs):
        assert one.description and one.description.endswith("."), one.name


def test_the_readiness_job_touches_no_live_data(repository: dg.RepositoryDefinition) -> None:
    layer = repository.get_job("readiness").asset_layer
    assert not {LIVE_TAG for key in layer.executable_asset_keys if LIVE_TAG in layer.get(key).tags}


def test_week_partitions_are_the_pilots_weeks(defs: dg.Definitions, pilot: Pilot) -> None:
    weeks = next(a.partitions_def for a in defs.assets or () if a.keys == {dg.AssetKey("weekly_kpis")})
    section = pilot.config.pilot
    after = datetime(2100, 1, 1, tzinfo=UTC)
    expected = [section.week_start(n).isoformat() for n in range(1, section.weeks + 1)]
    assert list(weeks.get_partition_keys(current_time=after)) == expected


def test_loading_reads_this_tree_and_needs_no_pilot(tmp_path: Path, checkout: Path) -> None:
    """In a process of its own, in an empty directory, as `dg` and a code server load it."""
    code = (
        "import pilot_pipeline.definitions as d; d.defs().get_repository_def(); "
        "import sys; print(d.__file__); print('great_expectations' in sys.modules, 'altair' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    file, heavy = done.stdout.strip().splitlines()
    assert Path(file) == checkout / "pilot_pipeline" / "definitions.py"
    assert heavy == "False False"
    assert not list(tmp_path.iterdir())


def test_the_graph_is_the_one_that_was_reviewed(
    specs: dict[str, dg.AssetSpec], defs: dg.Definitions, repository: dg.RepositoryDefinition, snapshot
) -> None:
    partitioned = {
        key.to_user_string() for asset in defs.assets or () for key in asset.keys if asset.partitions_def is not None
    }
    assert {
        "assets": {
            name: {
                "group": spec.group_name,
                "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
                "kinds": sorted(spec.kinds),
                "live": LIVE_TAG in spec.tags,
                "personal_data": spec.tags[PERSONAL_DATA_TAG],
                "owners": list(spec.owners),
                "weekly": name in partitioned,
                "table": spec.metadata["dagster/table_name"],
            }
            for name, spec in sorted(specs.items())
        },
        "checks": {
            spec.name: {"asset": spec.asset_key.to_user_string(), "blocking": spec.blocking}
            for check in defs.asset_checks or ()
            for spec in check.check_specs
        },
        "jobs": {
            job.name: sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
            for job in sorted(repository.get_all_jobs(), key=lambda job: job.name)
            if not job.name.startswith("__")
        },
        "schedules": {
            schedule.name: {
                "cron": schedule.cron_schedule,
                "zone": schedule.execution_timezone,
                "job": schedule.job_name,
                "on": schedule.default_status.value,
            }
            for schedule in repository.schedule_defs
        },
        "sensors": {
            sensor.name: {
                "kind": sensor.sensor_type.value,
                "jobs": sorted(target.job_name for target in sensor.targets),
                "on": sensor.default_status.value,
            }
            for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name)
        },
    } == snapshot
