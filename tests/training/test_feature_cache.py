import json
import multiprocessing
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from tiny import LABELS, StopAt, same_weights, tiny_corpus, tiny_extractor, tiny_model, tiny_trainer

from hf_ser import AudioError, SerTrainingArguments, SpectrogramFeatureExtractor, load_audio, load_corpus
from hf_ser.augmentation import NoisyTwin, WaveformAugmentation
from hf_ser.training import SerCollator, SerDataset
from hf_ser.training.cached_dataset import CachedDataset, cached_dataset
from hf_ser.training.feature_cache import FeatureCache


def settings_of(folder, **settings):
    return SerTrainingArguments(
        output_dir=str(folder / "run"),
        feature_cache_dir=str(folder / "cache"),
        disable_tqdm=True,
        **({"seed": 3} | settings),
    )


def parts_of(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("part-*"))


def collated(collator, dataset, size=7):
    return [
        collator([dataset[i] for i in range(at, min(at + size, len(dataset)))]) for at in range(0, len(dataset), size)
    ]


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return tiny_corpus(tmp_path_factory.mktemp("few"), actors=(1, 2))


@pytest.fixture
def own_tree(few, tmp_path):
    """A copy of the corpus that a test may change."""
    source = Path(few[0]["audio"]["path"]).parents[1]
    shutil.copytree(source, tmp_path / "tree")
    return tmp_path / "tree"


def count_extractions(monkeypatch):
    calls = []
    plain = SpectrogramFeatureExtractor.extract_raw
    monkeypatch.setattr(
        SpectrogramFeatureExtractor,
        "extract_raw",
        lambda self, *args, **options: calls.append(1) or plain(self, *args, **options),
    )
    return calls


@pytest.mark.parametrize(
    ("preset", "settings"),
    [
        ("log_mel", {}),
        ("log_mel", {"num_frames": 50, "trim_db": 40.0}),
        ("log_mel", {"normalization": "clip", "num_frames": 50, "return_attention_mask": True}),
        ("log_mel", {"normalization": "band"}),
        ("log_spec", {"normalization": "band_minmax", "padding_value": 0.0}),
        ("mfcc", {"num_frames": 100}),
        ("log_mel_delta", {}),
        ("speaker_vgg_cct", {"image_size": [32, 32]}),
        ("alexnet_fcn", {"image_size": [32, 48]}),
        ("dcnn_blstm", {}),
    ],
)
def test_batches_out_of_the_cache_are_bit_for_bit_those_of_the_waveforms(few, tmp_path, preset, settings):
    extractor = SpectrogramFeatureExtractor.from_preset(preset, **settings)
    plain = SerDataset(few, LABELS, sampling_rate=extractor.sampling_rate)
    if extractor.normalization.startswith("band"):
        extractor.fit_normalization(example["waveform"] for example in plain)
    cached = cached_dataset(few, LABELS, extractor, settings_of(tmp_path), training=False)
    collator = SerCollator(extractor)
    for wanted, found in zip(collated(collator, plain), collated(collator, cached), strict=True):
        assert wanted.keys() == found.keys()
        for name in wanted:
            assert torch.equal(wanted[name], found[name]), name


def test_each_clip_is_extracted_once_whatever_the_fold_normalisation_or_seed(few, tmp_path, monkeypatch):
    calls = count_extractions(monkeypatch)
    extractor = tiny_extractor(normalization="none")
    cached_dataset(few.select(range(9)), LABELS, extractor, settings_of(tmp_path), training=True)
    assert len(calls) == 9
    cached_dataset(few.select(range(5, 12)), LABELS, extractor, settings_of(tmp_path, seed=9), training=True)
    assert len(calls) == 12
    banded = tiny_extractor(normalization="band", band_mean=[0.0] * 32, band_std=[2.0] * 32)
    cached_dataset(few.select(range(12)), LABELS, banded, settings_of(tmp_path), training=False)
    assert len(calls) == 12
    before = parts_of(tmp_path)
    cached_dataset(few.select(range(12)), LABELS, tiny_extractor(hop_length=200), settings_of(tmp_path), training=True)
    assert len(calls) == 24
    # several settings lie side by side
    assert set(before) < set(parts_of(tmp_path))


def test_a_changed_file_is_noticed_even_with_its_size_and_date_kept(own_tree, tmp_path, monkeypatch):
    corpus = load_corpus("ravdess", own_tree, check_grid="off").select(range(4))
    cache = FeatureCache(tmp_path / "cache", tiny_extractor())
    old = np.array(cache.features_of(corpus["audio"], progress=False).read(0, 2))
    calls = count_extractions(monkeypatch)
    path = Path(corpus[2]["audio"]["path"])
    wave, rate = soundfile.read(path)
    replaced = tmp_path / f"x{path.suffix}"
    soundfile.write(replaced, wave[::-1], rate)
    stat = path.stat()
    # the same number of bytes, as two WAV files of equal length have
    content = replaced.read_bytes()
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    cache = FeatureCache(tmp_path / "cache", tiny_extractor())
    new = cache.features_of(corpus["audio"], progress=False).read(0, 2)
    assert len(calls) == 1
    assert not np.array_equal(old, new)
    wanted = tiny_extractor().extract_raw(load_audio(path), 16000)
    assert np.array_equal(new, wanted.numpy())


def test_a_corpus_that_moved_is_not_extracted_again(few, own_tree, tmp_path, monkeypatch):
    FeatureCache(tmp_path / "cache", tiny_extractor()).features_of(few["audio"], progress=False)
    calls = count_extractions(monkeypatch)
    moved = load_corpus("ravdess", own_tree, check_grid="off")
    FeatureCache(tmp_path / "cache", tiny_extractor()).features_of(moved["audio"], progress=False)
    assert not calls


def test_clips_in_memory_are_cached_by_content(few, tmp_path):
    path = few[1]["audio"]["path"]
    audios = [
        path,
        {"path": None, "bytes": Path(path).read_bytes()},
        {"array": load_audio(path), "sampling_rate": 16000},
    ]
    cache = FeatureCache(tmp_path, tiny_extractor())
    features = cache.features_of(audios, progress=False)
    assert np.array_equal(features.read(0, 0), features.read(0, 1))
    assert np.array_equal(features.read(0, 0), features.read(0, 2))


def test_views_are_augmented_by_seed_view_and_clip_alone(few, tmp_path):
    def views(folder, rows, seed=3, spec="light"):
        cache = FeatureCache(
            tmp_path / folder,
            tiny_extractor(),
            transform=WaveformAugmentation(spec),
            transform_settings=WaveformAugmentation(spec).transforms,
            seed=seed,
        )
        return cache.features_of(few.select(rows)["audio"], [1, 2], progress=False)

    first = views("a", [0, 1, 2, 3])
    assert np.array_equal(first.read(0, 3), views("b", [3]).read(0, 0))
    assert not np.array_equal(first.read(0, 3), first.read(1, 3))
    assert not np.array_equal(first.read(0, 3), views("a", [3], seed=4).read(0, 0))
    assert len(list((tmp_path / "a").glob("*/settings.json"))) == 2
    views("a", [3], spec="standard")
    assert len(list((tmp_path / "a").glob("*/settings.json"))) == 3


def test_noise_files_that_change_make_other_views(few, tmp_path):
    noise = tmp_path / "noise"
    noise.mkdir()
    names = set()
    for seed in (1, 2):
        wave = np.random.default_rng(seed).normal(0, 0.1, 8000)
        soundfile.write(noise / "a.wav", wave, 16000)
        cache = FeatureCache(
            tmp_path / "cache", tiny_extractor(), transform=NoisyTwin(noise_dir=noise), transform_settings=[str(noise)]
        )
        names.add(cache.folder.name)
    assert len(names) == 2


def test_interrupted_extraction_goes_on_and_half_a_part_is_never_read(few, tmp_path, monkeypatch):
    calls = []
    plain = SpectrogramFeatureExtractor.extract_raw

    def dying(self, *args, **options):
        if len(calls) == 5:
            raise KeyboardInterrupt
        calls.append(1)
        return plain(self, *args, **options)

    monkeypatch.setattr(SpectrogramFeatureExtractor, "extract_raw", dying)
    cache = FeatureCache(tmp_path, tiny_extractor())
    with pytest.raises(KeyboardInterrupt):
        cache.features_of(few["audio"], progress=False)
    monkeypatch.setattr(SpectrogramFeatureExtractor, "extract_raw", plain)
    # what a kill leaves: half a file, a whole one that nothing tells of, and one shorter than it should be
    (cache.folder / "99.features.part").write_bytes(b"half")
    (cache.folder / "part-0123456789abcdef.features").write_bytes(b"half")
    calls = count_extractions(monkeypatch)
    features = FeatureCache(tmp_path, tiny_extractor()).features_of(few["audio"], progress=False)
    assert len(calls) == len(few) - 5
    for row in range(len(few)):
        wanted = plain(tiny_extractor(), load_audio(few[row]["audio"]), 16000)
        assert np.array_equal(features.read(0, row), wanted.numpy())
    part = max(cache.folder.glob("part-*.features"), key=lambda path: path.stat().st_size)
    part.write_bytes(part.read_bytes()[:-4])
    FeatureCache(tmp_path, tiny_extractor()).features_of(few["audio"], progress=False)
    assert len(calls) == 2 * (len(few) - 5)


def test_a_broken_clip_is_named_and_the_others_stay_cached(own_tree, tmp_path, monkeypatch):
    corpus = load_corpus("ravdess", own_tree, check_grid="off").select(range(4))
    broken = Path(corpus[3]["audio"]["path"])
    broken.write_bytes(b"no audio")
    with pytest.raises(AudioError, match=broken.name):
        FeatureCache(tmp_path / "cache", tiny_extractor()).features_of(corpus["audio"], progress=False)
    calls = count_extractions(monkeypatch)
    FeatureCache(tmp_path / "cache", tiny_extractor()).features_of(corpus.select(range(3))["audio"], progress=False)
    assert not calls


def _fill(folder, paths, done):
    torch.set_num_threads(1)
    features = FeatureCache(folder, tiny_extractor()).features_of(paths, progress=False)
    done.put(float(sum(features.read(0, row).sum() for row in range(len(paths)))))


def test_processes_that_fill_one_cache_at_once_extract_each_clip_once(few, tmp_path):
    paths = [audio["path"] for audio in few["audio"]]
    context = multiprocessing.get_context("fork")
    done = context.Queue()
    processes = [context.Process(target=_fill, args=(tmp_path, paths, done)) for _ in range(3)]
    for process in processes:
        process.start()
    sums = {done.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert len(sums) == 1
    indexes = list(tmp_path.rglob("part-*.json"))
    assert sum(len(json.loads(index.read_text())["frames"]) for index in indexes) == len(few)


def test_workers_extract_the_same_and_get_no_copies(few, tmp_path):
    state = torch.get_rng_state()
    alone = FeatureCache(tmp_path / "a", tiny_extractor()).features_of(few["audio"], progress=False)
    helped = FeatureCache(tmp_path / "b", tiny_extractor()).features_of(few["audio"], num_workers=2, progress=False)
    # a run draws the same numbers whether or not it finds its features
    assert torch.equal(state, torch.get_rng_state())
    for row in range(len(few)):
        assert np.array_equal(alone.read(0, row), helped.read(0, row))
    assert isinstance(alone.read(0, 0), np.memmap)
    assert len(pickle.dumps(alone)) < 3000
    assert np.array_equal(pickle.loads(pickle.dumps(alone)).read(0, 1), alone.read(0, 1))


def test_every_view_is_drawn_and_a_draw_can_be_repeated(few, tmp_path):
    args = settings_of(tmp_path, augmentation="light", feature_cache_views=3)
    dataset = cached_dataset(few, LABELS, tiny_extractor(), args, training=True)
    seen = set()
    for epoch in range(20):
        dataset.at_epoch(epoch)
        features = dataset[4]["features"]
        assert np.array_equal(dataset[4]["features"], features)
        seen.add(features.tobytes())
    assert len(seen) == 3
    clean = tiny_extractor().extract_raw(load_audio(few[4]["audio"]), 16000, 96).numpy().tobytes()
    assert clean in seen
    side = cached_dataset(few, LABELS, tiny_extractor(), args, training=False)
    assert side[4]["features"].tobytes() == clean


def test_stretch_is_as_long_as_asked_for_and_comes_from_anywhere(few, tmp_path):
    extractor = tiny_extractor(num_frames=None, normalization="none")
    args = settings_of(tmp_path, max_train_seconds=0.2)
    dataset = cached_dataset(few, LABELS, extractor, args, training=True)
    whole = extractor.extract_raw(load_audio(few[0]["audio"]), 16000).numpy()
    starts = set()
    for epoch in range(12):
        dataset.at_epoch(epoch)
        cut = dataset[0]["features"]
        assert cut.shape[-1] == extractor.frames_of(3200)
        (start,) = (
            at
            for at in range(whole.shape[-1] - cut.shape[-1] + 1)
            if np.array_equal(whole[..., at : at + cut.shape[-1]], cut)
        )
        starts.add(start)
    assert len(starts) > 4
    assert cached_dataset(few, LABELS, extractor, args, training=False)[0]["features"].shape == whole.shape


@pytest.mark.parametrize("augmentation", ["none", "light"])
def test_twins_are_the_noisy_side_of_the_view_that_was_drawn(few, tmp_path, augmentation):
    twin, extractor = NoisyTwin(snr_db=(0.0, 0.0), reverb=0.0), tiny_extractor(normalization="none")
    args = settings_of(tmp_path, augmentation=augmentation, feature_cache_views=3, stability_weight=1.0)
    dataset = cached_dataset(few, LABELS, extractor, args, training=True, twin=twin)
    pairs = {}
    for epoch in range(20):
        dataset.at_epoch(epoch)
        example = dataset[1]
        assert example["features"].shape == example["twin_features"].shape
        assert not np.array_equal(example["features"], example["twin_features"])
        pairs.setdefault(example["twin_features"].tobytes(), set()).add(example["features"].tobytes())
    # one twin for each view; without augmentation, the clip itself stands beside each of them
    assert len(pairs) == 3
    assert all(len(clean) == 1 for clean in pairs.values())
    assert len(set.union(*pairs.values())) == (1 if augmentation == "none" else 3)
    batch = SerCollator(extractor)([dataset[0], dataset[1]])
    assert batch["twin_input_features"].shape == batch["input_features"].shape
    assert batch["twin_attention_mask"].shape == batch["attention_mask"].shape


def test_normalisation_fitted_on_cached_clips_is_that_of_their_waveforms(few, tmp_path):
    rows = [1, 3, 4, 8]
    for num_frames in (None, 50):
        for kind in ("band", "band_minmax"):
            wanted = tiny_extractor(normalization=kind, num_frames=num_frames)
            wanted.fit_normalization(load_audio(few[row]["audio"]) for row in rows)
            found = tiny_extractor(normalization=kind, num_frames=num_frames)
            cache = FeatureCache(tmp_path, found, max_frames=num_frames)
            cache.features_of(few["audio"], progress=False)
            cache.fit_normalization(found, few.select(rows)["audio"])
            assert found.to_dict() == wanted.to_dict()
    with pytest.raises(ValueError, match="hop_length"):
        cache.fit_normalization(tiny_extractor(hop_length=200), few["audio"])


def test_wrong_settings_are_refused_with_the_fix(few, tmp_path):
    with pytest.raises(ValueError, match=r"feature_cache_views \(10 is usual\)"):
        settings_of(tmp_path, augmentation="light")
    with pytest.raises(ValueError, match="all views would be the same"):
        settings_of(tmp_path, feature_cache_views=4)
    with pytest.raises(ValueError, match="feature_cache_dir is not set"):
        SerTrainingArguments(output_dir=str(tmp_path), augmentation="light", feature_cache_views=4)
    with pytest.raises(ValueError, match="expected 1 or more"):
        settings_of(tmp_path, feature_cache_views=0)
    with pytest.raises(TypeError, match="expected a SpectrogramFeatureExtractor"):
        FeatureCache(tmp_path, object())
    with pytest.raises(ValueError, match="transform_settings is None"):
        FeatureCache(tmp_path, tiny_extractor(), transform=WaveformAugmentation("light"))


def test_a_run_on_cached_features_ends_with_the_weights_of_one_without(corpus, tmp_path):
    runs = []
    for name, settings in (("plain", {}), ("cached", {"feature_cache_dir": str(tmp_path / "cache")})):
        trainer = tiny_trainer(corpus, tmp_path / name, time_masks=1, **settings)
        trainer.train()
        runs.append((trainer.model, trainer.predict(corpus.select([0, 5, 9])).predictions))
    assert isinstance(trainer.train_dataset, CachedDataset)
    assert same_weights(runs[0][0], runs[1][0])
    assert np.array_equal(runs[0][1], runs[1][1])


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_interrupted_run_on_cached_views_ends_with_the_weights_of_one_left_alone(corpus, tmp_path, workers):
    settings = {"augmentation": "light", "feature_cache_views": 3, "save_strategy": "steps", "save_steps": 2}
    settings |= {"eval_strategy": "steps", "eval_steps": 2, "save_total_limit": None, "time_masks": 1}
    settings |= {"dataloader_num_workers": workers, "max_train_seconds": 0.3}
    whole = tiny_trainer(corpus, tmp_path / "whole", feature_cache_dir=str(tmp_path / "a"), **settings)
    whole.train()
    with pytest.raises(StopAt.Interrupted):
        tiny_trainer(
            corpus,
            tmp_path / "broken",
            callbacks=[StopAt(5)],
            feature_cache_dir=str(tmp_path / "b"),
            **settings,
        ).train()
    continued = tiny_trainer(
        corpus,
        tmp_path / "broken",
        model=tiny_model(seed=9),
        resume=True,
        feature_cache_dir=str(tmp_path / "b"),
        **settings,
    )
    continued.train()
    assert same_weights(whole.model, continued.model)
