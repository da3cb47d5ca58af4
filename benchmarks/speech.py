"""Clips, a model and a trainer of the size that the training benchmarks measure."""

import os
import sys
from pathlib import Path
from typing import Any

import datasets

from hf_ser import SerTrainer, SerTrainingArguments, SpectrogramFeatureExtractor, load_corpus
from hf_ser.models.cct import CctConfig, CctForAudioClassification

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from make_synthetic_corpus import make_ravdess_tree

# log-mels of a compact CCT: 64 bands, 3.2 s
BANDS, FRAMES = 64, 320
BATCH = 16


def load_clips(folder: Path, count: int) -> tuple[datasets.Dataset, str]:
    """Clips of RAVDESS out of the folder HF_SER_DATA if it is set, otherwise generated ones of 3 to 4 s.

    Args:
        folder: where to generate them.
        count: how many.

    Returns:
        the clips, and what to call them.
    """
    real = os.environ.get("HF_SER_DATA")
    if real:
        corpus = load_corpus("ravdess", Path(real) / "ravdess", check_grid="off")
        kind = "RAVDESS"
    else:
        # 8 emotions, 2 statements, 2 repetitions an actor, but one repetition of "neutral" only
        make_ravdess_tree(folder, range(1, 2 + count // 30), seconds=(3.0, 4.0))
        corpus = load_corpus("ravdess", folder, check_grid="off")
        kind = "generated clips"
    return corpus.select(range(min(count, len(corpus)))), kind


def make_trainer(clips: datasets.Dataset, folder: Path, **settings: Any) -> SerTrainer:
    """A trainer of a compact CCT (0.7 million parameters) on `BANDS` x `FRAMES` log-mels; nothing is evaluated."""
    labels = sorted(set(clips["emotion"]))
    config = CctConfig.from_variant(
        "cct_2_3x2_32",
        num_channels=1,
        image_size=[BANDS, FRAMES],
        hidden_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        tokenizer_num_layers=3,
        tokenizer_kernel_size=[7, 3, 3],
        tokenizer_stride=[2, 1, 1],
        tokenizer_padding=[3, 1, 1],
        tokenizer_in_planes=[32, 64],
        id2label=dict(enumerate(labels)),
        label2id={name: index for index, name in enumerate(labels)},
    )
    extractor = SpectrogramFeatureExtractor.from_preset(
        "log_mel", n_fft=400, num_mel_bins=BANDS, num_frames=FRAMES, normalization="clip"
    )
    defaults = {"per_device_train_batch_size": BATCH, "eval_strategy": "no", "save_strategy": "no", "seed": 0}
    defaults |= {"use_cpu": True, "disable_tqdm": True, "output_dir": str(folder), "dataloader_drop_last": True}
    return SerTrainer(
        CctForAudioClassification(config),
        SerTrainingArguments(**(defaults | settings)),
        train_dataset=clips,
        processing_class=extractor,
    )
