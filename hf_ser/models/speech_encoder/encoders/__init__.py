"""Running a speech encoder layer by layer, one file per family.

transformers' own modules do the work; a runner calls them so that padding never changes a state, every state is
there at every step, and the computation can stop below the top or go on from a state that is known already.
"""

from .base import EncoderRunner
from .building import build_encoder, drop_upper_layers, runner_for

__all__ = ["EncoderRunner", "build_encoder", "drop_upper_layers", "runner_for"]
