"""The metric `ece` for `evaluate.load`."""

from typing import Any

import datasets
import evaluate

from hf_ser.evaluation import expected_calibration_error
from hf_ser.evaluation.metric_loading import check_options
from hf_ser.evaluation.scores import ScoreType, as_probabilities

_DESCRIPTION = """
Expected calibration error (ECE): how far the confidence of answers is from the share of them that is right, in bins
of equal width.
"""

_INPUTS = """
Args:
    prediction_scores: probabilities of all emotions for each clip, rows that sum to 1; or logits, see score_type.
    references: true class of each clip, integers from 0.
    score_type: "probabilities" (default) or "logits".
    bins: number of bins, 15 by default.
Returns:
    ece: 0 (calibrated) to 1.
Examples:
    >>> metric = hf_ser.evaluation.load_metric("ece")
    >>> metric.compute(prediction_scores=[[0.8, 0.2], [0.7, 0.3]], references=[0, 1])
"""

_CITATION = r"""
@inproceedings{guo2017calibration,
  title = {On Calibration of Modern Neural Networks},
  author = {Guo, Chuan and Pleiss, Geoff and Sun, Yu and Weinberger, Kilian Q.},
  booktitle = {Proc. ICML},
  pages = {1321--1330},
  year = {2017}
}
"""


class ECE(evaluate.Metric):
    """Expected calibration error."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features(
                {
                    "prediction_scores": datasets.Sequence(datasets.Value("float64")),
                    "references": datasets.Value("int64"),
                }
            ),
            reference_urls=["https://arxiv.org/abs/1706.04599"],
        )

    def _compute(
        self,
        *,
        prediction_scores: Any,
        references: Any,
        score_type: ScoreType = "probabilities",
        bins: int = 15,
        **options: Any,
    ) -> dict[str, Any]:
        check_options(options)
        probabilities = as_probabilities(prediction_scores, score_type)
        return {"ece": expected_calibration_error(references, probabilities, bins)}
