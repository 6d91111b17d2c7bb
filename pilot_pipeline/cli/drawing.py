"""Pictures that a command writes where `--plot` names a file; the charts are `pilot_pipeline.charts`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pilot_pipeline.errors import BadInput

if TYPE_CHECKING:
    import altair as alt


def picture_writer(path: Path) -> Callable[[alt.TopLevelMixin], None]:
    """Return what writes a chart to the file; a name that cannot be written is refused before anything is computed.

    Raises:
        BadInput: the name ends in neither .svg nor .png, or its directory does not exist.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in {"svg", "png"}:
        raise BadInput(f"--plot {path}: the name must end in .svg or .png.")
    if not path.parent.is_dir():
        raise BadInput(f"--plot {path}: its directory does not exist.")

    def write(chart: alt.TopLevelMixin) -> None:
        from pilot_pipeline.charts.render import to_file

        try:
            path.write_bytes(to_file(chart, "svg" if kind == "svg" else "png"))
        except OSError as error:
            raise BadInput(f"{path} cannot be written: {error.strerror}.") from None

    return write
