"""Principal components of speaker vectors: the frozen reduction of the published pipeline."""

import torch


def principal_components(vectors: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and leading principal components of vectors, without whitening; the same for the same vectors.

    Args:
        vectors: Shape (clips, size); rows of zeros, which stand for voices that are not known, are left out.
        count: Components wanted.

    Returns:
        The mean, shape (size,), and the components, shape (count, size), those of largest variance first and each
        with its largest element positive; both float32. A vector is reduced by `(vector - mean) @ components.T`.

    Raises:
        ValueError: If no more known voices than components are left, or a vector is not finite.
    """
    known = vectors.ne(0).any(-1)
    if vectors.ndim != 2 or int(known.sum()) <= count:
        left = "" if bool(known.all()) else f" of which {int(known.sum())} are not zeros (voices that are not known)"
        raise ValueError(
            f"got vectors of shape {tuple(vectors.shape)}{left}, expected (clips, size) with more than {count} clips, "
            "the components to fit; give more training clips, or build the model with a smaller speaker_reduction_dim"
        )
    if not bool(torch.isfinite(vectors).all()):
        rows = (~torch.isfinite(vectors).all(1)).nonzero()[:, 0].tolist()
        raise ValueError(
            f"got vectors that are not finite in rows {rows[:8]}, expected numbers; leave those clips out"
        )
    double = vectors[known].detach().cpu().double()
    mean = double.mean(0)
    centred = double - mean
    _, directions = torch.linalg.eigh(centred.T @ centred)
    components = directions.T.flip(0)[:count]
    # an eigenvector's sign is arbitrary
    largest = components.gather(1, components.abs().argmax(1, keepdim=True))
    return mean.float(), (components * largest.sign()).float()


__all__ = ["principal_components"]
