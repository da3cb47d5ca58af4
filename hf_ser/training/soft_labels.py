"""What a teacher's features say of the training clips, learned from other training speakers."""

from collections.abc import Sequence

import numpy as np

from .view_store import ViewStore


def clip_statistics(store: ViewStore, view: int, rows: Sequence[int]) -> np.ndarray:
    """Mean and standard deviation over time of a view's targets.

    Returns:
        (rows, 2 * dim), float32.
    """
    values = []
    for row in rows:
        targets = store.read_targets(view, row)
        values.append(np.concatenate([targets.mean(0), targets.std(0)]))
    return np.stack(values)


def cross_fitted_logits(
    store: ViewStore,
    rows: Sequence[int],
    labels: Sequence[int],
    speakers: Sequence[str],
    num_labels: int,
    *,
    groups: int = 5,
    fit_views: int = 3,
    inverse_penalty: float = 0.003,
) -> np.ndarray:
    """Logits of a logistic regression on the teacher's features, each clip judged without having heard its speaker.

    The training speakers are dealt into groups; the clips of a group are scored by a regression fitted on the other
    groups, so that the logits are as unsure as they would be for a new voice. Validation and test clips take no part.

    Args:
        store: views with targets.
        rows: the training rows.
        labels: their classes.
        speakers: their speakers.
        num_labels: number of classes.
        groups: groups of speakers.
        fit_views: views of each clip that a regression is fitted on.
        inverse_penalty: C of the regression.

    Returns:
        (views, rows, num_labels), float32.

    Raises:
        ImportError: if scikit-learn is missing.
        ValueError: if there are fewer than two speakers, or a group's complement lacks a class.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise ImportError('soft labels need scikit-learn: pip install "hf-ser[train]"') from error
    order = sorted(set(speakers))
    if len(order) < 2:
        raise ValueError(
            f"the training clips have {len(order)} speaker(s), expected two or more to judge one by the others"
        )
    group = np.array([order.index(speaker) % groups for speaker in speakers])
    classes = np.asarray(labels)
    features = np.stack([clip_statistics(store, view, rows) for view in range(store.num_views)])
    mean, spread = features.mean((0, 1)), features.std((0, 1)) + 1e-4
    features = (features - mean) / spread
    fit_views = min(fit_views, store.num_views)
    logits = np.zeros((store.num_views, len(rows), num_labels), dtype=np.float32)
    for number in sorted(set(group.tolist())):
        own = group == number
        if len(set(classes[~own].tolist())) < num_labels:
            raise ValueError(
                f"without the speakers of group {number} a class is missing; soft labels need more speakers"
            )
        regression = LogisticRegression(C=inverse_penalty, max_iter=300)
        regression.fit(features[:fit_views, ~own].reshape(-1, features.shape[-1]), np.tile(classes[~own], fit_views))
        for view in range(store.num_views):
            scores = regression.decision_function(features[view, own])
            logits[view, own] = scores if num_labels > 2 else np.stack([-scores / 2, scores / 2], axis=1)
    return logits
