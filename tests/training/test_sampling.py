import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from tiny import LABELS

from hf_ser.training import ClassSampler, SerDataset
from hf_ser.training.sampling import DrawnIndex, draw_key

CLASSES = [0] * 50 + [1] * 7 + [2] * 20


def drawn(strategy, seed=1, epoch=0):
    sampler = ClassSampler(CLASSES, strategy, seed, lambda: epoch)
    indices = list(sampler)
    assert len(indices) == len(sampler)
    return indices


def test_oversampling_draws_every_class_as_often_as_the_largest():
    indices = drawn("oversample")
    assert Counter(CLASSES[index] for index in indices) == {0: 50, 1: 50, 2: 50}
    times = Counter(map(int, indices))
    assert {times[index] for index in range(50)} == {1}
    assert {times[index] for index in range(50, 57)} == {7, 8}
    assert {times[index] for index in range(57, 77)} == {2, 3}


def test_balanced_sampling_keeps_the_length_of_an_epoch():
    indices = drawn("balanced")
    counts = Counter(CLASSES[index] for index in indices)
    assert len(indices) == 77
    assert set(counts.values()) <= {25, 26}
    assert max(Counter(map(int, indices)).values()) == 4
    extra = Counter()
    for epoch in range(300):
        extra.update(CLASSES[index] for index in drawn("balanced", epoch=epoch))
    shares = np.array(list(extra.values())) / extra.total()
    assert np.allclose(shares, 1 / 3, atol=0.002)


@pytest.mark.parametrize("strategy", ["oversample", "balanced"])
def test_order_depends_on_seed_and_epoch_alone(strategy):
    first = drawn(strategy)
    assert first == drawn(strategy)
    assert first != drawn(strategy, epoch=1)
    assert first != drawn(strategy, seed=2)
    # classes are shuffled among each other
    assert len({CLASSES[index] for index in first[:12]}) == 3


def test_copies_of_a_clip_are_numbered_and_augmented_apart(corpus):
    copies = [index.copy for index in drawn("oversample") if index == 50]
    assert sorted(copies) == list(range(len(copies)))
    index = pickle.loads(pickle.dumps(DrawnIndex(4, 2)))
    assert (index, index.copy) == (4, 2)
    assert draw_key(1, 2, 3, 9) == draw_key(1, 2, 3, DrawnIndex(9)) == (1, 2, 3)
    assert draw_key(1, 2, 3, DrawnIndex(9, 1)) == (1, 2, 3, 1)
    dataset = SerDataset(corpus, LABELS, augmentation=lambda waveform, generator: waveform * generator.random())
    first, second = dataset[DrawnIndex(3)]["waveform"], dataset[DrawnIndex(3, 1)]["waveform"]
    assert np.array_equal(first, dataset[3]["waveform"])
    assert not np.array_equal(first, second)


def test_processes_share_an_epoch_without_overlap():
    from accelerate.data_loader import BatchSamplerShard

    sampler = ClassSampler(CLASSES, "oversample", 1, lambda: 0)
    batches = torch.utils.data.BatchSampler(sampler, 10, drop_last=False)
    shards = [list(BatchSamplerShard(batches, 2, process)) for process in (0, 1)]
    together = [index for pair in zip(*shards, strict=False) for batch in pair for index in batch]
    assert Counter(together[:150]) == Counter(drawn("oversample"))


def test_unknown_strategy_and_no_clips_are_refused():
    with pytest.raises(ValueError, match="expected 'oversample' or 'balanced'"):
        ClassSampler([0, 1], "over", 0, lambda: 0)
    with pytest.raises(ValueError, match="no clips"):
        ClassSampler([], "balanced", 0, lambda: 0)
