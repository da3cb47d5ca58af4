"""Checkpoints: those that ship with the package, and (later) cards and publishing."""

from .shipped import default_model

__all__ = ["default_model"]
