"""Whisper on a clip's own length beside the original on 30 s of padding: how far apart the hidden states are.

`python -m benchmarks.whisper_length --encoder FOLDER --data_dir FOLDER`: with the weights of a Whisper encoder, on
recordings. The original pads each clip to 30 s and lets every frame attend to the padding; stock classifiers then
average over all 1,500 frames. Three vectors of each clip and layer are compared: the mean over the clip's own frames
on its own length, the same mean with the padding there, and the mean over all 1,500 frames.

On 16 clips of RAVDESS and Whisper-base, the states of a clip's own frames agree to a cosine of 0.99 up to layer 3 and
of 0.92 at layer 6; of their mean over time without what all clips share, 0.92 at layer 3 and 0.74 to 0.83 above. So
the two are not interchangeable: a head has to be trained on what it will read. The stock mean over all 1,500 frames
shares no more than 0.3 to 0.6 with either, since seven eighths of it are frames of silence.
"""

import argparse
import sys
from pathlib import Path

import torch
from transformers import WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from hf_ser import SpeechEncoderForAudioClassification, SpeechFeatureExtractor

from .speech_clips import RATE, read_clips


def _cosine(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cosine_similarity(one, other, dim=-1)


def states_of(encoder: str, clips: list) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Hidden states of each clip, (layers + 1, frames, features): on its own length, and padded to 30 s."""
    ours = SpeechEncoderForAudioClassification.from_encoder(encoder, num_labels=2).float().eval()
    original = WhisperEncoder.from_pretrained(encoder, dtype=torch.float32).eval()
    original.load_state_dict(ours.encoder.state_dict())
    extractor, stock = SpeechFeatureExtractor.from_encoder(encoder), WhisperFeatureExtractor.from_pretrained(encoder)
    own, padded = [], []
    depth = ours.config.encoder_depth
    with torch.inference_mode():
        for clip in clips:
            features = extractor(clip, sampling_rate=RATE, return_tensors="pt")
            states, _ = ours.runner.states(ours.encoder, features["input_features"], features["attention_mask"], depth)
            own.append(torch.cat(states))
            features = stock(clip, sampling_rate=RATE, return_tensors="pt")
            padded.append(torch.cat(original(**features, output_hidden_states=True).hidden_states))
    return own, padded


def nearest_agree(one: torch.Tensor, other: torch.Tensor) -> float:
    """How often a vector of `one` has the vector of the same clip as its nearest among all of `other`'s.

    Both are centred by their own mean over clips: Whisper's states share a large common part.

    Args:
        one: (clips, features).
        other: (clips, features).
    """
    one, other = one - one.mean(0), other - other.mean(0)
    similarity = torch.nn.functional.normalize(one, dim=-1) @ torch.nn.functional.normalize(other, dim=-1).T
    return float((similarity.argmax(1) == torch.arange(len(one))).float().mean())


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--encoder", required=True, help="folder of a pretrained Whisper encoder")
    parser.add_argument("--data_dir", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--clips", type=int, default=48)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)

    own, padded = states_of(options.encoder, read_clips(options.data_dir, options.clips))
    print(f"{len(own)} clips; cosines are means over clips, centred ones without the mean over all clips\n")
    print("| state | frames, cosine | mean over own frames, cosine | centred | nearest clip agrees | stock, centred |")
    print("|---|---|---|---|---|---|")
    for layer in range(len(own[0])):
        frames = [_cosine(a[layer], b[layer, : a.shape[1]]).mean() for a, b in zip(own, padded, strict=True)]
        ours = torch.stack([a[layer].mean(0) for a in own])
        original = torch.stack([b[layer, : a.shape[1]].mean(0) for a, b in zip(own, padded, strict=True)])
        stock = torch.stack([b[layer].mean(0) for b in padded])
        centred = [_cosine(ours - ours.mean(0), them - them.mean(0)).mean() for them in (original, stock)]
        print(
            f"| {layer} | {torch.stack(frames).mean():.4f} | {_cosine(ours, original).mean():.4f} | {centred[0]:.3f} |"
            f" {100 * nearest_agree(ours, original):.0f} % | {centred[1]:.3f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
