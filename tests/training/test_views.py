import pickle

import numpy as np
import pytest
import torch
from tiny import LABELS, tiny_corpus

from hf_ser import load_audio
from hf_ser.augmentation import WaveformAugmentation
from hf_ser.training.view_dataset import ViewDataset
from hf_ser.training.view_store import ViewStore, fingerprint_of

SPAN = 1600


def teacher(waveform):
    steps = -(-len(waveform) // SPAN)
    padded = np.pad(waveform, (0, steps * SPAN - len(waveform))).reshape(steps, SPAN)
    return np.stack([padded.mean(1), np.abs(padded).max(1), np.arange(steps)], axis=1)


def make_store(folder, views=3, fingerprint="a"):
    return ViewStore(folder, fingerprint, views, target_seconds=SPAN / 16000)


@pytest.fixture(scope="module")
def store(corpus, tmp_path_factory):
    store = make_store(tmp_path_factory.mktemp("views"))
    store.render(corpus, WaveformAugmentation("light"), teacher, seed=1)
    return store


def test_first_view_is_the_clip_and_targets_are_what_the_teacher_said(store, corpus):
    for row in (0, 7, len(corpus) - 1):
        waveform, targets = store.read(0, row)
        assert np.abs(waveform - load_audio(corpus[row]["audio"])).max() <= 1 / 32767
        assert np.allclose(targets, teacher(waveform), atol=2e-3)


def test_other_views_are_augmented_by_seed_view_and_row_alone(store, corpus, tmp_path):
    again = make_store(tmp_path, 2)
    again.render(corpus.select([0, 1]), WaveformAugmentation("light"), None, seed=1)
    assert np.array_equal(again.read(1, 1)[0], store.read(1, 1)[0])
    assert again.read(1, 1)[1] is None
    assert not np.array_equal(store.read(1, 1)[0], store.read(2, 1)[0])


def test_interrupted_rendering_goes_on_where_it_was(corpus, tmp_path, store):
    class Killed(Exception):
        pass

    calls = []

    def dying(waveform):
        calls.append(len(waveform))
        if len(calls) > len(corpus) + 3:
            raise Killed
        return teacher(waveform)

    with pytest.raises(Killed):
        make_store(tmp_path).render(corpus, WaveformAugmentation("light"), dying, seed=1)
    calls.clear()
    resumed = make_store(tmp_path)
    resumed.render(corpus, WaveformAugmentation("light"), lambda wave: calls.append(0) or teacher(wave), seed=1)
    assert len(calls) == 2 * len(corpus)
    for view in range(3):
        assert np.array_equal(resumed.read(view, 5)[0], store.read(view, 5)[0])


def test_store_of_other_settings_is_refused(store):
    with pytest.raises(ValueError, match="made with other clips or settings"):
        make_store(store.folder, fingerprint="b")


def test_fingerprint_follows_clips_their_content_and_settings(corpus, tmp_path):
    first = fingerprint_of(corpus, {"views": 3})
    assert first == fingerprint_of(corpus, {"views": 3})
    assert first != fingerprint_of(corpus, {"views": 4})
    assert first != fingerprint_of(corpus.select(range(5)), {"views": 3})
    other = tiny_corpus(tmp_path, seed=1)
    assert list(other["clip"]) == list(corpus["clip"])
    assert first != fingerprint_of(other, {"views": 3})


def test_half_written_files_are_no_views_and_workers_get_no_copies(corpus, tmp_path, store):
    (tmp_path / "view-0-waveforms.77.part").write_bytes(b"half")
    fresh = make_store(tmp_path, 1)
    fresh.render(corpus.select([0]), WaveformAugmentation("none"), teacher)
    assert len(fresh.read(0, 0)[0]) == len(load_audio(corpus[0]["audio"]))
    store.read(0, 0)
    assert len(pickle.dumps(store)) < 2000
    assert np.array_equal(pickle.loads(pickle.dumps(store)).read(1, 3)[0], store.read(1, 3)[0])


def test_target_statistics_are_those_of_the_given_rows(store):
    rows = [3, 4, 9]
    values = np.concatenate([store.read(0, row)[1] for row in rows])
    mean, std = store.target_statistics(rows)
    assert np.allclose(mean, values.mean(0), atol=1e-5)
    assert np.allclose(std, np.maximum(values.std(0), 1e-4), atol=1e-5)


def test_every_view_is_drawn_and_a_draw_can_be_repeated(store, corpus):
    dataset = ViewDataset(store, corpus, LABELS, [4, 8], seed=2)
    seen = set()
    for epoch in range(20):
        dataset.at_epoch(epoch)
        example = dataset[1]
        assert example["row_ids"] == 8
        views = [view for view in range(3) if np.array_equal(example["waveform"], store.read(view, 8)[0])]
        assert torch.equal(example["targets"], torch.from_numpy(store.read(views[0], 8)[1]))
        assert np.array_equal(dataset[1]["waveform"], example["waveform"])
        seen.update(views)
    assert seen == {0, 1, 2}


def test_stretch_keeps_waveform_and_targets_together(store, corpus):
    dataset = ViewDataset(store, corpus, LABELS, max_seconds=0.2, seed=2)
    starts = set()
    for epoch in range(10):
        dataset.at_epoch(epoch)
        example = dataset[0]
        assert len(example["targets"]) == 2
        assert SPAN < len(example["waveform"]) <= 2 * SPAN
        assert np.allclose(example["targets"][:, :2], teacher(example["waveform"])[:, :2], atol=2e-3)
        starts.add(float(example["targets"][0, 2]))
    assert len(starts) > 1


def test_soft_labels_follow_view_and_row(store, corpus):
    soft = np.arange(3 * 2 * 4, dtype=np.float32).reshape(3, 2, 4)
    dataset = ViewDataset(store, corpus, LABELS, [4, 8], soft_labels=soft, seed=2)
    for epoch in range(5):
        dataset.at_epoch(epoch)
        example = dataset[1]
        view = next(view for view in range(3) if np.array_equal(example["waveform"], store.read(view, 8)[0]))
        assert example["soft_labels"].tolist() == soft[view, 1].tolist()
