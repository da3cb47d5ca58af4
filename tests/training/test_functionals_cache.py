import json
from pathlib import Path

import numpy as np
import pytest
import torch
from speech import tiny_speech_extractor, tiny_speech_model
from tiny import tiny_corpus, tiny_trainer

from hf_ser.features.feature_extraction_speech import SpeechFeatureExtractor
from hf_ser.training.functionals_cache import FunctionalsCache, fit_functionals, functionals_of


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return tiny_corpus(tmp_path_factory.mktemp("speakers"), actors=range(1, 4))


@pytest.fixture(autouse=True)
def calls(monkeypatch):
    """Functionals without opensmile: 88 figures of the waveform."""
    made = []

    def figures(self, clips):
        made.extend(clips)
        stacked = [np.resize(np.abs(np.fft.rfft(clip))[:87], 87) for clip in clips]
        return torch.from_numpy(np.stack([np.append(row, 7.0) for row in stacked]).astype(np.float32))

    monkeypatch.setattr(SpeechFeatureExtractor, "_functionals", figures)
    return made


def extractor_with_functionals():
    return tiny_speech_extractor(functionals="egemaps_v02")


def test_each_clip_is_measured_once_for_fitting_training_and_evaluation(corpus, tmp_path, calls):
    trainer = tiny_trainer(
        corpus,
        tmp_path / "run",
        model=tiny_speech_model(functionals_size=88),
        extractor=extractor_with_functionals(),
        freeze=["encoder"],
        num_train_epochs=2,
        prefix_cache_dir=str(tmp_path / "cache"),
    )
    trainer.train()
    assert len(calls) == len(trainer.train_dataset) + len(trainer.eval_dataset)
    batch = next(iter(trainer.get_train_dataloader()))
    row = trainer.train_dataset.corpus[int(batch["row_ids"][0])]
    clip = FunctionalsCache(tmp_path / "cache", extractor_with_functionals()).features_of([row["audio"]])
    assert np.array_equal(batch["functionals"][0].numpy(), clip.read(0, 0)[:, 0])


def test_figures_are_those_of_the_training_clips_and_of_no_others(corpus, tmp_path):
    model, extractor = tiny_speech_model(functionals_size=88), extractor_with_functionals()
    trainer = tiny_trainer(corpus, tmp_path / "run", model=model, extractor=extractor, freeze=["encoder"])
    clips = [trainer.train_dataset[index]["waveform"] for index in range(len(trainer.train_dataset))]
    values = np.stack([functionals_of(extractor, clip).numpy() for clip in clips])
    assert np.allclose(model.functionals_mean.numpy(), values.mean(0), rtol=1e-5)
    assert np.allclose(model.functionals_std.numpy()[:87], values.std(0)[:87], rtol=1e-4)
    assert model.functionals_std[87] == 1.0  # never varies
    everybody = [*clips, *(trainer.eval_dataset[index]["waveform"] for index in range(len(trainer.eval_dataset)))]
    other = np.stack([functionals_of(extractor, clip).numpy() for clip in everybody]).mean(0)
    assert not np.allclose(model.functionals_mean.numpy(), other, rtol=1e-4)


def test_a_trained_model_keeps_its_figures(corpus, tmp_path):
    model = tiny_speech_model(functionals_size=88)
    audios = list(corpus["audio"])
    assert fit_functionals(model, extractor_with_functionals(), audios[:5], str(tmp_path), progress=False)
    before = model.functionals_mean.clone()
    assert not fit_functionals(model, extractor_with_functionals(), audios[5:], str(tmp_path), progress=False)
    assert torch.equal(model.functionals_mean, before)


def test_extractor_without_functionals_is_named(corpus, tmp_path):
    with pytest.raises(ValueError, match="functionals='egemaps_v02' in feature_config"):
        tiny_trainer(corpus, tmp_path, model=tiny_speech_model(functionals_size=88), extractor=tiny_speech_extractor())


def test_a_marker_in_held_out_clips_moves_no_figure(tmp_path):
    # the same speakers but for one, who shouts: only where that one is trained on do the figures move
    figures = {}
    for name, loud in (("as it is", None), ("held out", 3), ("trained", 1)):
        corpus = tiny_corpus(tmp_path / name, actors=range(1, 4))
        if loud is not None:
            _shout(tmp_path / name / f"Actor_{loud:02d}")
        rows = [row for row, speaker in enumerate(corpus["speaker"]) if not speaker.endswith("03")]
        model = tiny_speech_model(functionals_size=88)
        kept = str(tmp_path / "cache")
        fit_functionals(model, extractor_with_functionals(), corpus.select(rows)["audio"], kept, progress=False)
        figures[name] = model.functionals_mean
    assert torch.equal(figures["as it is"], figures["held out"])
    assert not torch.equal(figures["as it is"], figures["trained"])
    assert json.loads(next(Path(tmp_path / "cache").glob("*/settings.json")).read_text())["functionals"]


def _shout(folder):
    import soundfile

    for path in Path(folder).iterdir():
        wave, rate = soundfile.read(path)
        soundfile.write(path, np.sign(wave) * 0.9, rate)
