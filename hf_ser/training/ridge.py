"""A linear classifier of emotions by ridge regression, whose penalty and scale are found on training speakers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

PENALTIES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
_GROUPS = 5
_SCALES = np.geomspace(0.5, 100.0, 61)


@dataclass(frozen=True)
class RidgeFit:
    """A linear classifier and how it was found.

    Attributes:
        weight: (classes, features), for vectors as they are: their standardisation is folded in.
        bias: (classes,).
        penalty: chosen among `PENALTIES`, in units of the total variance of the standardised vectors.
        scale: what the regression's answers were multiplied by to become logits.
        ua: mean recall of training clips by classifiers that had not heard their speakers, with that penalty. What
            the vectors were made with may have: the standardisation here, and with references the mean voice and how
            far references are believed, come from all training speakers, the judged ones included (their labels are
            not read for it, and no test speaker takes part).
    """

    weight: np.ndarray
    bias: np.ndarray
    penalty: float
    scale: float
    ua: float

    def about(self) -> dict[str, float]:
        """What is written down in a run's results."""
        return {"penalty": self.penalty, "scale": self.scale, "ua_on_unheard_training_speakers": self.ua}


def fit_ridge(vectors: np.ndarray, labels: np.ndarray, speakers: Sequence[str], num_labels: int) -> RidgeFit:
    """Regress one-hot labels on standardised vectors, with a squared penalty on the weights (Hoerl and Kennard 1970).

    The speakers are dealt into five groups; for each penalty the clips of every group are judged by a regression on
    the other groups. The penalty with the best mean recall is taken (the largest of equal ones), and the answers are
    scaled so that their softmax gives those clips the smallest cross-entropy. So nothing but training speakers is
    needed, and confidence is calibrated for voices that were not heard. The vectors are standardised once, over all of
    these speakers, the judged group included.

    Args:
        vectors: (clips, features).
        labels: (clips,) class indices.
        speakers: of each clip.
        num_labels: number of classes.

    Returns:
        the classifier.

    Raises:
        ValueError: if there are fewer than two speakers, or a value is not finite.
    """
    names = sorted(set(speakers))
    if len(names) < 2:
        raise ValueError(
            f"fit_head='ridge' got {len(names)} training speaker, expected two or more: the penalty is chosen on "
            "speakers that were not heard; train by gradient (fit_head='gradient')"
        )
    if not np.isfinite(vectors).all():
        raise ValueError("fit_head='ridge' got vectors that are not finite; check the encoder's weights")
    vectors = np.asarray(vectors, dtype=np.float64)
    centre, spread = vectors.mean(0), vectors.std(0)
    # what never varies says nothing
    unit = np.where(spread > 1e-8, 1.0 / (np.maximum(spread, 1e-8) * np.sqrt(vectors.shape[1])), 0.0)
    points = (vectors - centre) * unit
    targets = np.eye(num_labels)[labels]
    group_of = {name: number % _GROUPS for number, name in enumerate(names)}
    groups = np.array([group_of[name] for name in speakers])
    answers = {penalty: np.zeros_like(targets) for penalty in PENALTIES}
    whole = _Moments.of(points, targets)
    for group in np.unique(groups):
        held = groups == group
        part = whole.without(_Moments.of(points[held], targets[held]))
        for penalty in PENALTIES:
            weight, bias = part.solve(penalty)
            answers[penalty][held] = points[held] @ weight + bias
    recalls = {penalty: _mean_recall(answer, labels) for penalty, answer in answers.items()}
    best = max(reversed(PENALTIES), key=recalls.__getitem__)
    scale = min(_SCALES, key=lambda factor: _cross_entropy(factor * answers[best], labels))
    weight, bias = whole.solve(best)
    folded = (weight * unit[:, None]).T * scale
    return RidgeFit(folded, bias * scale - folded @ centre, best, float(scale), recalls[best])


class _Moments(NamedTuple):
    """What a regression needs of its clips: sums, so that clips can be taken away again."""

    squares: np.ndarray
    products: np.ndarray
    points: np.ndarray
    targets: np.ndarray
    clips: int

    @classmethod
    def of(cls, points: np.ndarray, targets: np.ndarray) -> "_Moments":
        """Of points (clips, features) and targets (clips, classes)."""
        return cls(points.T @ points, points.T @ targets, points.sum(0), targets.sum(0), len(points))

    def without(self, part: "_Moments") -> "_Moments":
        """Of the clips that are not in a part of them."""
        return _Moments(
            self.squares - part.squares,
            self.products - part.products,
            self.points - part.points,
            self.targets - part.targets,
            self.clips - part.clips,
        )

    def solve(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        """Weights (features, classes) and bias (classes,)."""
        mean, target_mean = self.points / self.clips, self.targets / self.clips
        matrix = self.squares / self.clips - np.outer(mean, mean)
        matrix[np.diag_indices_from(matrix)] += penalty
        weight = np.linalg.solve(matrix, self.products / self.clips - np.outer(mean, target_mean))
        return weight, target_mean - mean @ weight


def _mean_recall(answers: np.ndarray, labels: np.ndarray) -> float:
    hits = answers.argmax(1) == labels
    return float(np.mean([hits[labels == label].mean() for label in np.unique(labels)]))


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    shifted = logits - logits.max(1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]).mean())


__all__ = ["PENALTIES", "RidgeFit", "fit_ridge"]
