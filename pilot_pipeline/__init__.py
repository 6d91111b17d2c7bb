"""The domain of the pilot: plain functions on data frames, no Dagster, no Great Expectations, no pandera."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pilot-pipeline")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+uninstalled"
