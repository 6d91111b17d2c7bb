"""What every section of `pilot.yaml` shares: an immutable model, and types of values; the sections stand beside it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Triple = Annotated[tuple[float, float, float], Field(description="low, likely, high")]


class Frozen(BaseModel):
    """A section of `pilot.yaml`: immutable, and an unknown key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
