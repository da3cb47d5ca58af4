"""Checkpoints: those that ship with the package, and how they are made."""

from .compact import save_compact
from .shipped import default_model

__all__ = ["default_model", "save_compact"]
