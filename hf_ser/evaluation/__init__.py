"""Scores of predictions (WA, UA, macro-F1, calibration, CCC), intervals over speakers, comparisons and tables.

Importing needs numpy alone; files of predictions need pyarrow, metric modules evaluate, figures matplotlib.
"""

from .answers import Answers
from .bootstrap import Interval, bootstrap_intervals
from .calibration import calibration_metrics, expected_calibration_error
from .comparison import Comparison, Difference, compare_predictions
from .dimensional import concordance_correlation, dimensional_metrics
from .dimensional_report import DimensionalReport, evaluate_dimensions
from .metric_loading import list_metrics, load_metric, metric_path
from .metrics import classification_metrics, compute_metrics, confusion_matrix, predicted_classes
from .multi_label import multi_label_metrics
from .nested_choice import NestedChoice, choose_by_validation
from .pooling import ComparisonTable, comparison_table, fold_metrics, pooled_metrics
from .predictions import Predictions
from .report import EvaluationReport, evaluate_predictions, report_predictions
from .results import aggregate_folds, format_results_table

__all__ = [
    "Answers",
    "Comparison",
    "ComparisonTable",
    "Difference",
    "DimensionalReport",
    "EvaluationReport",
    "Interval",
    "NestedChoice",
    "Predictions",
    "aggregate_folds",
    "bootstrap_intervals",
    "calibration_metrics",
    "choose_by_validation",
    "classification_metrics",
    "compare_predictions",
    "comparison_table",
    "compute_metrics",
    "concordance_correlation",
    "confusion_matrix",
    "dimensional_metrics",
    "evaluate_dimensions",
    "evaluate_predictions",
    "expected_calibration_error",
    "fold_metrics",
    "format_results_table",
    "list_metrics",
    "load_metric",
    "metric_path",
    "multi_label_metrics",
    "pooled_metrics",
    "predicted_classes",
    "report_predictions",
]
