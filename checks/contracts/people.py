"""What the rows of employees must hold to: their cells, the hierarchy, and roles that the framework knows."""

from __future__ import annotations

import pandas as pd

from checks.contracts.choosing import contract_for
from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.quarantine import Contract
from pilot_pipeline.feeds.rules import MappedRoles


def contracts_of_people(roles: pd.Series) -> list[Contract]:
    """Return the contracts of employees; `roles` are those cells of competencies, none where there is no framework."""
    known = {role.strip() for listed in roles.dropna() for role in str(listed).split(";") if role.strip()}
    mapped: list[Contract] = [MappedRoles(frozenset(known))] if known else []
    return [contract_for("employees"), Hierarchy(), *mapped]
