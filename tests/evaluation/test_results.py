"""Summaries over folds and tables."""

import numpy as np
import pytest

from hf_ser.evaluation import aggregate_folds, classification_metrics, format_results_table


def test_mean_and_sample_standard_deviation() -> None:
    folds = [classification_metrics([0, 1, 1, 1], predictions, 2) for predictions in ([0, 1, 1, 1], [0, 0, 0, 1])]
    summary = aggregate_folds(folds)
    assert set(summary) == {"wa", "ua", "macro_f1"}
    assert summary["wa"] == {"mean": 0.75, "std": pytest.approx(np.std([1.0, 0.5], ddof=1)), "folds": 2}
    assert aggregate_folds([{"wa": 0.5}]) == {"wa": {"mean": 0.5, "std": None, "folds": 1}}


@pytest.mark.parametrize(
    ("folds", "says"),
    [
        ([], "got none"),
        ([{"wa": 0.5}, {"wa": 0.5, "ua": 0.4}], "fold 1: ua not in every fold"),
        ([{"wa": 0.5}, {"wa": float("nan")}], "fold 1: got wa = nan"),
    ],
)
def test_wrong_folds_are_explained(folds: list, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        aggregate_folds(folds)


def test_table_is_percent_with_one_decimal() -> None:
    rows = [
        {"model": "cct | small", "wa": {"mean": 0.6549, "std": 0.0312, "folds": 5}, "ua": 0.61, "clips": 1440},
        {"model": "svm", "wa": {"mean": 1.0, "std": None, "folds": 1}, "ua": None, "note": "one fold"},
    ]
    assert format_results_table(rows).splitlines() == [
        "| model | WA | UA | clips | note |",
        "| --- | --: | --: | --: | --- |",
        "| cct \\| small | 65.5 ± 3.1 | 61.0 | 1440 | – |",
        "| svm | 100.0 | – | – | one fold |",
    ]


@pytest.mark.parametrize(("rows", "says"), [([], "got none"), ([{"wa": 65.5}], "wa: got 65.5, expected a share")])
def test_wrong_rows_are_explained(rows: list, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        format_results_table(rows)
