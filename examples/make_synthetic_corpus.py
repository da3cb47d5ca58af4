"""Makes a small corpus of synthetic voices, to try training without any download.

A clip is a chain of vowel-like syllables; each "speaker" has a pitch and a vocal tract of its own. Emotions differ in
pitch, its movement, loudness, rate and brightness, with enough scatter from clip to clip that a model has to learn
them. Files are named and laid out as in RAVDESS, so whatever reads RAVDESS reads this. It is a toy: what a model
learns here says nothing about real voices. Needs numpy and soundfile only.

    python examples/make_synthetic_corpus.py outputs/synthetic --actors 8
"""

import argparse
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile


class Manner(NamedTuple):
    """How an emotion sounds, against the same speaker's neutral voice."""

    pitch: float  # semitones
    movement: float  # semitones that pitch strays from syllable to syllable
    slope: float  # semitones from the first syllable to the last
    level: float  # dB
    rate: float  # syllables per second
    tilt: float  # dB per octave: nearer 0 is brighter
    tremor: float = 0.0  # semitones, at 6 Hz


SCATTER = Manner(0.9, 0.2, 0.7, 1.2, 0.4, 0.8, 0.05)  # standard deviation from clip to clip
EMOTIONS = {  # in the order of RAVDESS's codes 01 to 08
    "neutral": Manner(0, 0.7, -1, 0, 4.0, -8),
    "calm": Manner(-1, 0.5, -2, -5, 3.2, -10),
    "happy": Manner(4, 3.0, 1, 3, 4.8, -5),
    "sad": Manner(-2, 0.8, -4, -7, 2.7, -11),
    "angry": Manner(3, 2.0, -2, 7, 5.3, -2),
    "fearful": Manner(7, 1.0, 1, 0, 6.0, -7, tremor=0.8),
    "disgust": Manner(-2, 2.0, -5, 2, 3.0, -4),
    "surprised": Manner(5, 2.0, 9, 4, 4.4, -5),
}
FORMANTS = np.array(
    [(730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240)]
)  # Hz


def synthetic_voice(
    emotion: str,
    speaker: int,
    text: int = 1,
    take: int = 1,
    strength: float = 1.0,
    seconds: tuple[float, float] = (0.9, 1.5),
    sampling_rate: int = 16_000,
    seed: int = 0,
) -> np.ndarray:
    """One clip: waveform of shape (samples,), float32 in [-1, 1].

    Args:
        emotion: A key of `EMOTIONS`.
        speaker: Number of the speaker, which fixes the voice; even ones are women.
        text: Number of the text, which fixes the order of vowels.
        take: Number of the repetition; takes differ at random.
        strength: How far the emotion is from neutral, 1 for normal.
        seconds: Shortest and longest duration.
        sampling_rate: In Hz.
        seed: Seed of the whole corpus.
    """
    female = speaker % 2 == 0
    voice = np.random.default_rng([seed, 1, speaker])
    base_pitch = voice.uniform(175, 235) if female else voice.uniform(95, 135)  # Hz
    tract = (1.12 if female else 0.97) * voice.uniform(0.95, 1.05)
    own_level, own_rate = voice.normal(0, 1.5), voice.normal(1, 0.06)
    vowels = np.random.default_rng([seed, 2, text]).integers(0, len(FORMANTS), 64)
    rng = np.random.default_rng([seed, 3, speaker, text, take, list(EMOTIONS).index(emotion), round(100 * strength)])
    neutral = np.array(EMOTIONS["neutral"])
    manner = Manner(*(neutral + strength * (np.array(EMOTIONS[emotion]) - neutral) + rng.normal(0, SCATTER)))

    duration = rng.uniform(*seconds)
    time = np.arange(round(duration * sampling_rate)) / sampling_rate
    syllables = int(np.clip(round(duration * manner.rate * own_rate), 2, len(vowels)))
    position = time / duration * syllables  # which syllable, and how far into it
    centre = np.arange(syllables) + 0.5

    semitones = manner.pitch + manner.slope * (time / duration - 0.5)
    semitones += np.interp(position, centre, rng.normal(0, max(0.1, manner.movement), syllables))
    semitones += max(0.0, manner.tremor) * np.sin(2 * np.pi * 6 * time)
    pitch = base_pitch * 2 ** (semitones / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / sampling_rate

    wave = np.zeros_like(time)  # harmonics under the formants of the vowels and the tilt of the voice
    formants = [np.interp(position, centre, FORMANTS[vowels[:syllables], i] * tract) for i in range(3)]
    for harmonic in range(1, int(0.45 * sampling_rate / pitch.max()) + 1):
        resonance = 0.03 + sum(np.exp(-0.5 * ((harmonic * pitch - formant) / 120) ** 2) for formant in formants)
        wave += resonance * 10 ** (manner.tilt * np.log2(harmonic) / 20) * np.sin(harmonic * phase)
    wave *= np.abs(np.sin(np.pi * position)) ** 0.7 * rng.uniform(0.7, 1, syllables)[position.astype(int)]
    wave += 0.02 * np.sqrt(np.mean(wave**2)) * rng.standard_normal(len(time))
    level = -24 + manner.level + own_level  # root mean square, dB below full scale
    wave *= 10 ** (level / 20) / np.sqrt(np.mean(wave**2))
    return np.clip(wave, -0.99, 0.99).astype(np.float32)


def make_ravdess_tree(
    folder: str | Path,
    actors: Iterable[int] = range(1, 9),
    emotions: Sequence[str] = tuple(EMOTIONS),
    intensities: Sequence[int] = (1,),
    statements: Sequence[int] = (1, 2),
    repetitions: Sequence[int] = (1, 2),
    seconds: tuple[float, float] = (0.9, 1.5),
    sampling_rate: int = 16_000,
    suffix: str = ".flac",
    seed: int = 0,
) -> Path:
    """Write `folder/Actor_NN/03-01-EE-II-SS-RR-NN.flac` for all combinations, the same files for the same seed.

    Actors are numbered 1 to 24; intensity 1 is normal and 2 strong, which neutral does not have, as in RAVDESS.
    """
    folder = Path(folder)
    for actor, emotion, intensity, statement, repetition in itertools.product(
        actors, emotions, intensities, statements, repetitions
    ):
        if not 1 <= actor <= 24:
            raise ValueError(f"actor {actor} is not in RAVDESS; expected 1 to 24")
        if (emotion, intensity) == ("neutral", 2):
            continue
        code = list(EMOTIONS).index(emotion) + 1
        name = f"03-01-{code:02d}-{intensity:02d}-{statement:02d}-{repetition:02d}-{actor:02d}{suffix}"
        strength = 0.7 + 0.3 * intensity
        wave = synthetic_voice(emotion, actor, statement, repetition, strength, seconds, sampling_rate, seed)
        (folder / f"Actor_{actor:02d}").mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"Actor_{actor:02d}" / name, wave, sampling_rate)
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a small corpus of synthetic voices, laid out as RAVDESS.")
    parser.add_argument("folder", type=Path, help="where to write it")
    parser.add_argument("--actors", type=int, default=8, choices=range(3, 25), metavar="3..24", help="(default 8)")
    parser.add_argument("--emotions", nargs="+", default=list(EMOTIONS), choices=list(EMOTIONS))
    parser.add_argument("--seconds", nargs=2, type=float, default=(0.9, 1.5), metavar=("MIN", "MAX"))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    make_ravdess_tree(
        args.folder, range(1, args.actors + 1), args.emotions, seconds=tuple(args.seconds), seed=args.seed
    )
    print(f"{len(list(args.folder.rglob('*.flac')))} clips of {args.actors} synthetic speakers in {args.folder}")
