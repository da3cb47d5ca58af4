"""Which clips of a speaker serve as references."""

import numpy as np
import pytest

from hf_ser.protocols.reference_clips import choose_references, reference_order, reference_protocol

RATE = 8000


def clip(seconds, level=0.1):
    wave = level * np.sin(np.arange(round(RATE * seconds)) / 5.0)
    return {"array": wave.astype(np.float32), "sampling_rate": RATE}


def test_short_and_silent_clips_serve_nobody_and_the_next_ones_drawn_do():
    audios = [clip(1.0) for _ in range(8)] + [clip(0.6)] * 3
    speakers = ["a"] * 8 + ["b"] * 3
    plain = choose_references(audios, speakers, 2, 5, RATE)
    order = reference_order(speakers, 2, 5)
    assert plain == {name: places[:2] for name, places in order.items()}
    first, second, third, fourth, *_ = order["a"]
    audios[first], audios[third] = clip(0.2), clip(1.0, level=1e-5)
    assert choose_references(audios, speakers, 2, 5, RATE) == {"a": [second, fourth], "b": plain["b"]}
    for place in order["a"][1:-1]:
        audios[place] = clip(0.2)
    with pytest.raises(ValueError, match=r"speaker 'a' has 1 that are long enough \(0\.5 s\) and not silent, among 8"):
        choose_references(audios, speakers, 2, 5, RATE)


def test_too_few_clips_and_unknown_speakers_are_said():
    with pytest.raises(ValueError, match="speaker 'a' has 2 clips, which leaves none to score"):
        choose_references([clip(1.0)] * 2, ["a"] * 2, 2, 0, RATE)
    with pytest.raises(ValueError, match="speaker is not known"):
        choose_references([clip(1.0)] * 2, ["a", "corpus/unknown"], 1, 0, RATE)


def test_the_line_for_reports_names_every_seed():
    assert reference_protocol(3, 1).startswith("3 unlabelled clips of each speaker, drawn with seed 1, ")
    assert "drawn with seeds 0, 1, " in reference_protocol(3, 0, 1)
