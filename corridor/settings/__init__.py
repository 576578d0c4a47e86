"""Settings: one TOML file and the environment, checked whole before anything starts."""

from corridor.settings.load import load
from corridor.settings.model import Settings
from corridor.settings.reference import settings_reference
from corridor.settings.safety import require_safe, unsafe

__all__ = ["Settings", "load", "require_safe", "settings_reference", "unsafe"]
