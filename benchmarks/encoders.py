"""Speech encoders from waveform to emotion: Whisper on each clip's own length beside stock Whisper, HuBERT and AST.

All systems work on the same clips in turns in one process, features included. Peers have the shapes of Whisper-base,
HuBERT-base and AST-base; the weights are random, since they do not matter to speed, or with --encoder those of a
folder, shared by both Whispers. `--model FOLDER` measures a trained checkpoint too.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    ASTForAudioClassification,
    HubertConfig,
    HubertForSequenceClassification,
    PreTrainedModel,
    SequenceFeatureExtractor,
    Wav2Vec2FeatureExtractor,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForAudioClassification,
)

from hf_ser import EmotionClassifier, SpeechEncoderConfig, SpeechEncoderForAudioClassification, SpeechFeatureExtractor

from .machine import processor_name
from .speech_clips import read_clips, speech_like_clips

RATE, LABELS, BATCH = 16000, 8, 8
# clips that a turn takes: about as long for each
OUR_CLIPS, PEER_CLIPS = 24, {"WhisperForAudioClassification": 8, "HuBERT-base": 8, "AST-base": 4}
# throughput of ours, in that of the peer
WANTED = {"WhisperForAudioClassification": 7.0, "HuBERT-base": 1.0, "AST-base": 1.0}
WANTED_REAL_TIME = 60.0

System = Callable[[Sequence[np.ndarray]], object]


def whisper_pair(encoder: str | None, layers: int) -> tuple[System, System]:
    """Ours and the stock class, with the same encoder weights, layers and size of head.

    Args:
        encoder: folder of a pretrained Whisper encoder; None for random weights of Whisper-base's shape.
        layers: encoder layers of both.
    """
    shape = {"d_model": 512, "encoder_attention_heads": 8, "encoder_ffn_dim": 2048}
    whisper = (
        WhisperConfig(**shape, encoder_layers=layers) if encoder is None else WhisperConfig.from_pretrained(encoder)
    )
    if encoder is None:
        ours = SpeechEncoderForAudioClassification(
            SpeechEncoderConfig(encoder_config=whisper, num_labels=LABELS, head="mean_tanh")
        )
    else:
        ours = SpeechEncoderForAudioClassification.from_encoder(
            encoder, head="mean_tanh", num_labels=LABELS, num_encoder_layers=layers
        )
    whisper.encoder_layers, whisper.num_labels = layers, LABELS
    stock = WhisperForAudioClassification(whisper).eval()
    # a lower part of ours has no norm after its last layer
    stock.encoder.load_state_dict(ours.encoder.state_dict(), strict=False)
    classifier = EmotionClassifier(ours.float(), SpeechFeatureExtractor("log_mel"), batch_size=BATCH)
    return classifier.classify, _stock(stock, WhisperFeatureExtractor())


def _stock(model: PreTrainedModel, extractor: SequenceFeatureExtractor, **arguments: object) -> System:
    """A model of transformers with its own extractor, in batches of clips of like length."""
    model.eval()

    def classify(clips: Sequence[np.ndarray]) -> list[torch.Tensor]:
        ordered = sorted(clips, key=len)
        answers = []
        for first in range(0, len(ordered), BATCH):
            features = extractor(
                list(ordered[first : first + BATCH]), sampling_rate=RATE, return_tensors="pt", **arguments
            )
            with torch.inference_mode():
                answers.append(model(**features).logits)
        return answers

    return classify


def seconds_per_second(system: System, clips: Sequence[np.ndarray]) -> float:
    """Wall seconds that a system takes for one second of sound."""
    start = time.perf_counter()
    system(clips)
    return (time.perf_counter() - start) * RATE / sum(map(len, clips))


def compare(
    ours: System, peer: System, clips: Sequence[np.ndarray], part: int, turns: int
) -> list[tuple[float, float]]:
    """Seconds of work per second of sound of both, turn by turn, the first to go changing every time.

    Args:
        ours: system that gets all clips.
        peer: system that gets `part` of them, evenly picked by length.
        clips: the clips, by length.
        part: clips of the peer.
        turns: how many pairs.
    """
    picked = [clips[index] for index in np.linspace(0, len(clips) - 1, part).round().astype(int)]
    ours(clips[:BATCH])
    peer(picked[:1])
    pairs = []
    for turn in range(turns):
        if turn % 2:
            pairs.append((seconds_per_second(ours, clips), seconds_per_second(peer, picked)))
        else:
            pairs.append((seconds_per_second(peer, picked), seconds_per_second(ours, clips))[::-1])
    return pairs


def main(arguments: list[str] | None = None) -> int:
    """Print the table; with --check, return 1 if a ratio, or the checkpoint's speed, is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3, help="pairs of measurements for each peer")
    parser.add_argument("--layers", type=int, default=6, help="encoder layers of both Whispers")
    parser.add_argument("--encoder", help="folder of a pretrained Whisper encoder; random weights without")
    parser.add_argument("--model", help="folder of a trained checkpoint to measure")
    parser.add_argument("--data_dir", type=Path, help="folder of recordings in place of generated clips")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    clips = speech_like_clips(OUR_CLIPS) if options.data_dir is None else read_clips(options.data_dir, OUR_CLIPS)
    clips.sort(key=len)
    lengths = [len(clip) / RATE for clip in clips]
    ours, stock_whisper = whisper_pair(options.encoder, options.layers)
    with warnings.catch_warnings():
        # 128 mels leave some of AST's filters empty, which it mentions
        warnings.simplefilter("ignore")
        peers = {
            "WhisperForAudioClassification": stock_whisper,
            "HuBERT-base": _stock(
                HubertForSequenceClassification(HubertConfig(num_labels=LABELS)),
                Wav2Vec2FeatureExtractor(),
                padding="longest",
            ),
            "AST-base": _stock(ASTForAudioClassification(ASTConfig(num_labels=LABELS)), ASTFeatureExtractor()),
        }
    print(
        f"{processor_name()}, {options.threads} threads, torch {torch.__version__}; {len(clips)} clips of"
        f" {lengths[0]:.1f} to {lengths[-1]:.1f} s, mean {statistics.mean(lengths):.1f} s, batches of {BATCH}, Whisper"
        f" of {options.layers} layers; medians over turns, ratio of each turn\n"
    )
    print("| peer | peer, times real time | hf_ser, times real time | throughput ratio | turns | wanted |")
    print("|---|---|---|---|---|---|")
    missed = False
    for name, peer in peers.items():
        pairs = compare(ours, peer, clips, PEER_CLIPS[name], options.turns)
        ratio = statistics.median(its / our for our, its in pairs)
        fast = [1.0 / statistics.median(column) for column in zip(*pairs, strict=True)]
        missed |= ratio < WANTED[name]
        print(
            f"| {name} | {fast[1]:.1f} | {fast[0]:.1f} | {ratio:.1f} | {len(pairs)} | >= {WANTED[name]:.0f} |",
            flush=True,
        )
    if options.model is not None:
        shipped = EmotionClassifier.from_pretrained(options.model, batch_size=BATCH)
        shipped.classify(clips[:BATCH])
        turns = [seconds_per_second(shipped.classify, clips) for _ in range(2 * options.turns)]
        real_time = 1.0 / statistics.median(turns)
        missed |= real_time < WANTED_REAL_TIME
        print(f"\n{options.model}: {real_time:.0f} times faster than real time, wanted >= {WANTED_REAL_TIME:.0f}")
    return int(options.check and missed)


if __name__ == "__main__":
    sys.exit(main())
