"""Principal components of speaker vectors: the frozen reduction of the published pipeline."""

import torch


def principal_components(vectors: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and leading principal components of vectors, without whitening; the same for the same vectors.

    Args:
        vectors: Shape (clips, size).
        count: Components wanted.

    Returns:
        The mean, shape (size,), and the components, shape (count, size), those of largest variance first and each
        with its largest element positive; both float32. A vector is reduced by `(vector - mean) @ components.T`.

    Raises:
        ValueError: If there are no more vectors than components, or a vector is not finite.
    """
    if vectors.ndim != 2 or len(vectors) <= count:
        raise ValueError(
            f"got vectors of shape {tuple(vectors.shape)}, expected (clips, size) with more than {count} clips, the "
            "components to fit; give more training clips, or build the model with a smaller speaker_reduction_dim"
        )
    if not bool(torch.isfinite(vectors).all()):
        rows = (~torch.isfinite(vectors).all(1)).nonzero()[:, 0].tolist()
        raise ValueError(
            f"got vectors that are not finite in rows {rows[:8]}, expected numbers; leave those clips out"
        )
    double = vectors.detach().cpu().double()
    mean = double.mean(0)
    centred = double - mean
    _, directions = torch.linalg.eigh(centred.T @ centred)
    components = directions.T.flip(0)[:count]
    # an eigenvector's sign is arbitrary
    largest = components.gather(1, components.abs().argmax(1, keepdim=True))
    return mean.float(), (components * largest.sign()).float()


__all__ = ["principal_components"]
