"""The metric `ccc` for `evaluate.load`."""

from typing import Any

import datasets
import evaluate
import numpy as np

from hf_ser.evaluation import concordance_correlation
from hf_ser.evaluation.metric_loading import check_options

_DESCRIPTION = """
Concordance correlation coefficient (CCC) of a dimension such as arousal or valence: correlation that also asks for
the right scale and offset.
"""

_INPUTS = """
Args:
    predictions: predicted value of each clip.
    references: true value of each clip, on the same scale.
Returns:
    ccc: -1..1; None where it is undefined: both constant and equal.
Examples:
    >>> metric = hf_ser.evaluation.load_metric("ccc")
    >>> metric.compute(predictions=[1.0, 2.0, 3.0], references=[1.0, 2.0, 4.0])
"""

_CITATION = r"""
@article{lin1989concordance,
  title = {A Concordance Correlation Coefficient to Evaluate Reproducibility},
  author = {Lin, Lawrence I-Kuei},
  journal = {Biometrics},
  volume = {45},
  number = {1},
  pages = {255--268},
  year = {1989}
}
"""


class CCC(evaluate.Metric):
    """Concordance correlation coefficient."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("float64")}
            ),
            reference_urls=["https://doi.org/10.2307/2532051"],
        )

    def _compute(self, *, predictions: Any, references: Any, **options: Any) -> dict[str, Any]:
        check_options(options)
        ccc = concordance_correlation(references, predictions)
        return {"ccc": None if np.isnan(ccc) else ccc}
