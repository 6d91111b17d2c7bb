"""The pilot's configuration: frozen models, the file they come from and the directory they describe."""

from pilot_pipeline.config.home import Home, Pilot
from pilot_pipeline.config.loading import load_pilot, parse_config
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.config.sourcing import FeedSource

__all__ = ["FeedSource", "Home", "Pilot", "PilotConfig", "load_pilot", "parse_config"]
