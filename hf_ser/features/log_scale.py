"""Logarithms of spectrograms, and the value that silence has after them."""

import math

import torch


def to_decibel(
    values: torch.Tensor, *, power: float, reference: str | float, amin: float, top_db: float | None
) -> torch.Tensor:
    """Decibels relative to each clip's maximum or to a fixed power.

    A clip that is silent throughout (no value above `amin`) comes out as the floor, not as 0 dB.

    Args:
        values: Shape (batch, bands, frames), magnitudes or powers, not negative. Overwritten.
        power: 1 if `values` are magnitudes, 2 if they are powers.
        reference: "max" for the maximum of each clip, or the power that is called 0 dB.
        amin: Smallest power told apart from silence.
        top_db: Range kept below the reference in dB, or None to go down to `amin`.

    Returns:
        Tensor of the same shape in dB.
    """
    factor = 20.0 / power
    smallest = amin ** (power / 2)
    if reference == "max":
        peak = values.amax(dim=(-2, -1), keepdim=True)
        silent = factor * math.log10(smallest) + (top_db or 0.0)
        zero = torch.where(peak > smallest, peak.log10() * factor, silent)
    else:
        zero = torch.tensor(10.0 * math.log10(float(reference)), device=values.device)
    decibel = torch.add(-zero, values.clamp_(min=smallest).log10_(), alpha=factor, out=values)
    return decibel if top_db is None else decibel.clamp_(min=-top_db)


def to_natural_log(values: torch.Tensor, offset: float) -> torch.Tensor:
    """ln(values + offset); `values` of any shape are overwritten."""
    return values.add_(offset).log_()


def silence_level(
    *, log_scale: str, reference: str | float, amin: float, top_db: float | None, log_offset: float
) -> float:
    """Value of digital silence after the logarithm: dB, or natural-log units.

    Args:
        log_scale: "db" or "ln".
        reference: As in `to_decibel`.
        amin: As in `to_decibel`.
        top_db: As in `to_decibel`; not None if the reference is "max".
        log_offset: Offset of the natural logarithm.

    Returns:
        The level.
    """
    if log_scale == "ln":
        return math.log(log_offset)
    if reference == "max":
        return -float(top_db or 0.0)
    lowest = 10.0 * math.log10(amin / float(reference))
    return lowest if top_db is None else max(lowest, -float(top_db))
