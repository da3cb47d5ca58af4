"""Nothing is fitted on validation or test speakers: a marker in their clips moves no stored statistic."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.numpy import load_file
from speech import tiny_speech_extractor, tiny_speech_model
from tiny import EMOTIONS, LABELS, tiny_corpus

from hf_ser import SerTrainer, SerTrainingArguments, load_corpus, speaker_folds
from hf_ser.training import DataArguments, ModelArguments, Recipe, build_extractor
from hf_ser.training.feature_cache import FeatureCache
from hf_ser.training.soft_labels import cross_fitted_logits
from hf_ser.training.view_store import ViewStore

FIGURES = ("band_mean", "band_std", "band_min", "band_max")
MODEL = {"hidden_size": 32, "tokenizer_in_planes": 8}
FEATURES = {"num_mel_bins": 32, "num_frames": 96}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    tiny_corpus(folder, actors=range(1, 6))
    return folder


def the_fold(folder):
    corpus = load_corpus("ravdess", folder, check_grid="off")
    # its speakers do not depend on what they say
    return corpus, speaker_folds(corpus, protocol="leave-one-speaker-out")[0]


def planted(tree, folder, side):
    """A copy of the corpus in which the clips of one side are loud square waves on an offset, and fewer of one
    emotion; None for a copy as it is.
    """
    shutil.copytree(tree, folder)
    if side is None:
        return folder
    corpus, fold = the_fold(folder)
    clips = corpus.select(getattr(fold, side))
    left_out = [row for row in clips if row["emotion"] == EMOTIONS[0] and row["repetition"] != clips[0]["repetition"]]
    for number, row in enumerate(clips):
        # of different lengths, or they would be copies of one recording
        wave = np.sign(np.sin(np.arange(8000 + number) / 3.0)) * 0.4 + 0.5
        soundfile.write(row["audio"]["path"], wave, 16000)
    for row in left_out:
        Path(row["audio"]["path"]).unlink()
    return folder


def fitted(folder, output, monkeypatch, normalization, **settings):
    """What a run keeps of its clips: the extractor's figures, the weights of the classes, the model's weights."""
    seen = []
    train = SerTrainer.train
    monkeypatch.setattr(
        SerTrainer,
        "train",
        lambda self, *args, **options: (
            seen.append(self.objective.class_weights.tolist()) or train(self, *args, **options)
        ),
    )
    training = SerTrainingArguments(
        output_dir=str(output),
        num_train_epochs=1,
        per_device_train_batch_size=8,
        use_cpu=True,
        disable_tqdm=True,
        logging_strategy="no",
        seed=3,
        class_weights="balanced",
        **settings,
    )
    Recipe(
        DataArguments(corpus="ravdess", data_dir=str(folder), protocol="leave-one-speaker-out", folds="0"),
        ModelArguments(model_config=MODEL, feature_config=FEATURES | {"normalization": normalization}),
        training,
    ).run()
    monkeypatch.setattr(SerTrainer, "train", train)
    run = Path(output) / "fold-0"
    extractor = json.loads((run / "preprocessor_config.json").read_text())
    return {name: extractor[name] for name in FIGURES}, seen, load_file(run / "model.safetensors")


def same(first, second):
    weights = all(np.array_equal(first[2][name], second[2][name]) for name in first[2])
    return first[0] == second[0], first[1] == second[1], weights


@pytest.mark.parametrize(("normalization", "cached"), [("band", False), ("band_minmax", True)])
def test_a_marker_in_held_out_clips_moves_nothing_that_is_fitted(tree, tmp_path, monkeypatch, normalization, cached):
    # one cache for all corpora, as a user would have: a clip that changed must not be taken for what it was
    settings = {"feature_cache_dir": str(tmp_path / "cache")} if cached else {}
    runs = {}
    for side in (None, "test", "validation", "train"):
        folder = planted(tree, tmp_path / f"tree-{side}", side)
        runs[side] = fitted(folder, tmp_path / f"run-{side}", monkeypatch, normalization, **settings)
    wanted = {"band": ("band_mean", "band_std"), "band_minmax": ("band_min", "band_max")}[normalization]
    assert all(runs[None][0][name] for name in wanted)
    assert same(runs[None], runs["test"]) == (True, True, True)
    assert same(runs[None], runs["validation"]) == (True, True, True)
    # and the marker would be seen
    assert same(runs[None], runs["train"]) == (False, False, False)


def test_a_marker_in_held_out_clips_moves_no_figure_fitted_on_cached_features(tree, tmp_path):
    figures = {}
    for side in (None, "test", "train"):
        corpus, fold = the_fold(planted(tree, tmp_path / f"tree-{side}", side))
        for normalization in ("band", "band_minmax"):
            extractor = build_extractor(ModelArguments(feature_config=FEATURES | {"normalization": normalization}))
            cache = FeatureCache(tmp_path / "cache", extractor, max_frames=extractor.num_frames)
            cache.features_of(corpus["audio"], progress=False)
            cache.fit_normalization(extractor, corpus.select(fold.train)["audio"])
            figures[side, normalization] = extractor.to_dict()
    for normalization in ("band", "band_minmax"):
        assert figures[None, normalization] == figures["test", normalization]
        assert figures[None, normalization] != figures["train", normalization]


def test_a_marker_in_held_out_clips_moves_no_figure_of_the_teacher(tree, tmp_path):
    said = {}
    for side in (None, "test", "train"):
        corpus, fold = the_fold(planted(tree, tmp_path / f"tree-{side}", side))
        store = ViewStore(tmp_path / f"views-{side}", str(side), 1, target_seconds=0.1)
        store.render(corpus, lambda wave, generator: wave, lambda wave: _spectrum(wave))
        rows = corpus.select(fold.train)
        labels = [LABELS[emotion] for emotion in rows["emotion"]]
        said[side] = (
            *store.target_statistics(fold.train),
            cross_fitted_logits(store, fold.train, labels, list(rows["speaker"]), len(LABELS)),
        )
    assert all(np.array_equal(one, other) for one, other in zip(said[None], said["test"], strict=True))
    assert not np.array_equal(said[None][0], said["train"][0])


def test_a_marker_in_held_out_clips_moves_nothing_of_a_ridge_with_references(tree, tmp_path):
    states, fits = {}, {}
    for side in (None, "test", "validation", "train"):
        corpus, fold = the_fold(planted(tree, tmp_path / f"tree-{side}", side))
        model = tiny_speech_model(head_hidden_size=0, normalize_layers=True, reference="standardise")
        args = SerTrainingArguments(
            output_dir=str(tmp_path / f"run-{side}"),
            fit_head="ridge",
            freeze=["encoder"],
            num_train_epochs=1,
            eval_reference_clips=1,
            eval_strategy="no",
            save_strategy="no",
            # one cache for all corpora, as a user would have
            prefix_cache_dir=str(tmp_path / "cache"),
            prefix_cache_dtype="float32",
            use_cpu=True,
            disable_tqdm=True,
            seed=3,
        )
        trainer = SerTrainer(
            model,
            args,
            train_dataset=corpus.select(fold.train),
            eval_dataset=corpus.select(fold.validation),
            processing_class=tiny_speech_extractor(),
        )
        trainer.train()
        # what is drawn for references while scoring stays out of the model too
        trainer.predict(corpus.select(fold.test))
        states[side] = {name: value.numpy() for name, value in model.state_dict().items()}
        fits[side] = trainer.fit.about()
    for side in ("test", "validation"):
        assert fits[side] == fits[None]
        assert all(np.array_equal(value, states[side][name]) for name, value in states[None].items())
    moved = {name for name, value in states[None].items() if not np.array_equal(value, states["train"][name])}
    voices = {f"head.reference.{name}" for name in ("trust", "voice_mean", "voice_variance")}
    assert moved == voices | {"head.classifier.weight", "head.classifier.bias"}


def _spectrum(wave):
    frames = np.resize(wave, (-(-len(wave) // 1600), 1600))
    return np.abs(np.fft.rfft(frames))[:, :8].astype(np.float32)
