"""Scores of predictions (WA, UA, macro-F1), their summary over folds, and tables. Needs numpy alone."""

from .metrics import classification_metrics, compute_metrics, confusion_matrix, predicted_classes
from .predictions import Predictions
from .results import aggregate_folds, format_results_table

__all__ = [
    "Predictions",
    "aggregate_folds",
    "classification_metrics",
    "compute_metrics",
    "confusion_matrix",
    "format_results_table",
    "predicted_classes",
]
