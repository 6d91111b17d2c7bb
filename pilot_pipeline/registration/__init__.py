"""Pre-registration: what was fixed before the tool was configured, and what has changed since."""

from pilot_pipeline.registration.lock import Lock, build_lock, read_lock, write_lock

__all__ = ["Lock", "build_lock", "read_lock", "write_lock"]
