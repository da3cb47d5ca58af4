"""The metric `ua` for `evaluate.load`."""

from typing import Any

import datasets
import evaluate

from hf_ser.evaluation import classification_metrics
from hf_ser.evaluation.metric_loading import check_options, count_labels

_DESCRIPTION = """
Unweighted accuracy (UA, also UAR): the mean recall over the emotions that occur among the references, so that every
emotion counts alike.
"""

_INPUTS = """
Args:
    predictions: predicted class of each clip, integers from 0.
    references: true class of each clip, integers from 0.
Returns:
    ua: share in 0..1.
Examples:
    >>> metric = hf_ser.evaluation.load_metric("ua")
    >>> metric.compute(predictions=[0, 0, 1], references=[0, 0, 0])
"""

_CITATION = r"""
@inproceedings{schuller2009interspeech,
  title = {The {INTERSPEECH} 2009 Emotion Challenge},
  author = {Schuller, Bj{\"o}rn and Steidl, Stefan and Batliner, Anton},
  booktitle = {Proc. Interspeech},
  pages = {312--315},
  year = {2009}
}
"""


class UA(evaluate.Metric):
    """Unweighted accuracy, the mean recall over emotions."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features(
                {"predictions": datasets.Value("int64"), "references": datasets.Value("int64")}
            ),
            reference_urls=["https://www.isca-archive.org/interspeech_2009/schuller09_interspeech.html"],
        )

    def _compute(self, *, predictions: Any, references: Any, **options: Any) -> dict[str, Any]:
        check_options(options)
        size = count_labels(references, predictions)
        return {"ua": classification_metrics(references, predictions, size)["ua"]}
