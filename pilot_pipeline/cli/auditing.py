"""`pilot audit`: the bias audits as they stand, and the table that laws ask for; it audits nothing anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from rich.markup import escape
from rich.table import Table

from pilot_pipeline.charts.labels import VERDICT_LABELS, plain
from pilot_pipeline.cli.progress import console
from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.errors import BadInput, NotReady
from pilot_pipeline.warehouse.connection import Warehouse, open_warehouse

_TITLES = {"synthetic": "Before launch, on synthetic employees", "live": "In live recommendations"}
_COLOURS = {"bias_found": "red", "no_evidence": "green"}


def audit(config: Path, ll144: Path | None, as_json: bool) -> None:
    """Show every audit that was made, or write them as one JSON object or as the table of Local Law 144."""
    rates, findings = _stored(load_pilot(config))
    if ll144 is not None:
        _write(rates, ll144)
    audits = [_one(kind, rates, findings) for kind in _TITLES if (rates["audit"] == kind).any()]
    inputs = [str(text) for text in findings.loc[findings["audit"] == "inputs", "statement"]]
    if as_json:
        told = {"audits": audits, "inputs": inputs}
        print(json.dumps(told, indent=2, ensure_ascii=False))  # noqa: T201
        return
    for one in audits:
        _show(one)
    if inputs:
        console.print("What was unequal before the tool came", style="bold")
        for sentence in inputs:
            console.print(f"• {escape(sentence)}")
    if ll144 is not None:
        console.print(f"Selection rates, impact ratios and unknown counts stand in {ll144}.", markup=False)


def _stored(pilot: Pilot) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rates and the sentences of the audits that the warehouse holds.

    Raises:
        NotReady: no audit has been made.
    """
    nothing = NotReady("No bias audit has been made yet; `pilot check` makes the one before launch.")
    if not pilot.home.warehouse.exists():
        raise nothing
    with open_warehouse(pilot.home.warehouse) as warehouse:
        parts = [_read(warehouse, table) for table in ("fairness.synthetic_rates", "fairness.live_rates")]
        findings = _read(warehouse, "fairness.audit_findings")
    found = [part for part in parts if len(part)]
    if not found:
        refusals = list(findings.loc[findings["kind"] == "refusal", "statement"]) if len(findings) else []
        raise NotReady(str(refusals[0])) if refusals else nothing
    told = findings[findings["kind"].isin(["finding", "context"])].sort_values(
        ["audit", "kind", "position"], ascending=[True, False, True]
    )
    return pd.concat(found, ignore_index=True), told


def _read(warehouse: Warehouse, table: str) -> pd.DataFrame:
    return warehouse.read(table) if warehouse.exists(table) else pd.DataFrame()


def _one(kind: str, rates: pd.DataFrame, findings: pd.DataFrame) -> dict[str, Any]:
    """Return what one audit says, under the keys that the command's help documents; they are public."""
    own = rates[rates["audit"] == kind]
    own = own[own["as_of"] == own["as_of"].max()]
    attributes = [
        {"attribute": str(name), "verdict": str(rows["verdict"].iloc[0]), "q_value": _number(rows["q_value"].dropna())}
        for name, rows in own.groupby("attribute", sort=True)
    ]
    said = [str(text) for text in findings.loc[findings["audit"] == kind, "statement"]]
    day = pd.Timestamp(own["as_of"].iloc[0]).date().isoformat()
    return {"audit": kind, "as_of": day, "attributes": attributes, "findings": said}


def _number(values: pd.Series) -> float | None:
    return None if values.empty else float(values.iloc[0])


def _show(one: dict[str, Any]) -> None:
    table = Table(title=f"{_TITLES[one['audit']]} ({one['as_of']})", title_justify="left")
    table.add_column("attribute", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("family p", justify="right")
    for row in one["attributes"]:
        colour = _COLOURS.get(row["verdict"], "yellow")
        p = "" if row["q_value"] is None else f"{row['q_value']:.3f}"
        table.add_row(escape(plain(row["attribute"])), f"[{colour}]{VERDICT_LABELS[row['verdict']]}[/]", p)
    console.print(table)
    for sentence in one["findings"]:
        console.print(f"• {escape(sentence)}")


def _write(rates: pd.DataFrame, out: Path) -> None:
    from pilot_pipeline.fairness.export import ll144_table

    try:
        ll144_table(rates).to_csv(out, index=False)
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror or 'its directory does not exist'}.") from None
