"""References for heads that are fitted in closed form."""

import json

import numpy as np
import pytest
import torch
from speech import tiny_speech_extractor, tiny_speech_model
from tiny import tiny_corpus, tiny_trainer

from hf_ser.models.speech_encoder.reference import ReferenceSummary, Standardise
from hf_ser.training.reference_fit import fit_voices, pass_generator, with_drawn_references
from hf_ser.training.ridge import fit_ridge

LINEAR = {"head_hidden_size": 0, "normalize_layers": True}
RIDGE = {"fit_head": "ridge", "freeze": ["encoder"], "eval_strategy": "no", "save_strategy": "no"}


def voices(speakers=200, clips=20, between=2.0, within=3.0, seed=0):
    """Clips of speakers in 3 features, the last of which does not differ between voices."""
    generator = torch.Generator().manual_seed(seed)
    offsets = between * torch.randn(speakers, 1, 3, generator=generator) * torch.tensor([1.0, 1.0, 0.0])
    vectors = 5.0 + offsets + within * torch.randn(speakers, clips, 3, generator=generator)
    return vectors.flatten(0, 1), [f"speaker {number:03}" for number in range(speakers) for _ in range(clips)]


def fitted(vectors, names):
    reference = Standardise(vectors.shape[1]).eval()
    reference.init_own_parameters()
    fit_voices(reference, vectors, names)
    return reference


def test_voices_are_believed_by_the_variance_between_and_within_them():
    vectors, names = voices()
    reference = fitted(vectors, names)
    torch.testing.assert_close(reference.voice_mean, torch.full((3,), 5.0), rtol=0, atol=0.4)
    torch.testing.assert_close(reference.voice_variance, torch.full((3,), 9.0), rtol=0.1, atol=0)
    # half of the mean of k clips is believed, and k is 9 / 4 by how these were made
    share = reference.share(torch.tensor([[9 / 4]]))[0]
    torch.testing.assert_close(share[:2], torch.full((2,), 0.5), rtol=0, atol=0.1)
    assert share[2] < 0.1


def test_clips_of_unknown_speakers_tell_nothing_of_voices():
    vectors, names = voices(speakers=8)
    strangers = torch.full((9, 3), 1e4)
    alone, among = fitted(vectors, names), fitted(torch.cat([vectors, strangers]), [*names, *["corpus/unknown"] * 9])
    for name, value in alone.state_dict().items():
        torch.testing.assert_close(value, among.state_dict()[name])
    with pytest.raises(ValueError, match="got 1 training speakers with two clips or more"):
        fitted(torch.cat([vectors[:20], strangers]), [*names[:20], *["corpus/unknown"] * 8, "a"])


def test_what_a_loaded_model_had_learned_of_voices_is_estimated_anew(tmp_path):
    model = tiny_speech_model(**LINEAR, reference="standardise")
    with torch.no_grad():
        model.head.reference.trust_variance.fill_(1.0)
    model.save_pretrained(tmp_path)
    loaded = type(model).from_pretrained(tmp_path).head.reference
    vectors = torch.randn(40, loaded.voice_mean.shape[0], generator=torch.Generator().manual_seed(0))
    fit_voices(loaded, vectors, ["a"] * 20 + ["b"] * 20)
    assert loaded.trust_variance == 0
    assert loaded.batches_seen == 1


def test_many_views_of_a_clip_do_not_count_as_many_clips(tmp_path):
    """Voices are estimated on the clips as they are, once each."""
    corpus = tiny_corpus(tmp_path / "speakers")
    settings = RIDGE | {"prefix_cache_dir": str(tmp_path / "cache"), "prefix_cache_dtype": "float32"}
    found = []
    for name, views in (
        ("one", {}),
        ("many", {"prefix_cache_views": 4, "augmentation": "noise", "num_train_epochs": 5}),
    ):
        model = tiny_speech_model(**LINEAR, reference="standardise")
        tiny_trainer(
            corpus,
            tmp_path / name,
            model=model,
            extractor=tiny_speech_extractor(),
            **({"num_train_epochs": 1} | settings | views),
        ).train()
        found.append(model.head.reference.state_dict())
    torch.testing.assert_close(found[0], found[1])


def test_what_voices_are_believed_to_be_stays_where_it_is_frozen(tmp_path):
    model = tiny_speech_model(**LINEAR, reference="standardise")
    before = {name: value.clone() for name, value in model.head.reference.state_dict().items()}
    settings = RIDGE | {"freeze": ["encoder", "head.reference"], "num_train_epochs": 1}
    tiny_trainer(
        tiny_corpus(tmp_path / "speakers"),
        tmp_path / "run",
        model=model,
        extractor=tiny_speech_extractor(),
        **settings,
    ).train()
    torch.testing.assert_close(model.head.reference.state_dict(), before)


def test_drawn_references_take_the_voice_out_of_a_clip_and_leave_strangers_alone():
    vectors, names = voices(between=10.0, within=0.1)
    names = [*names[:-20], *["unknown"] * 20]
    reference = fitted(vectors, names)
    read = with_drawn_references(reference, vectors, vectors, names, 0.0, pass_generator(0, 0))
    assert read[:-20, 0].std() < 0.2 * vectors[:-20, 0].std()
    assert torch.equal(read[-20:], vectors[-20:])
    again = with_drawn_references(reference, vectors, vectors, names, 0.0, pass_generator(0, 0))
    other = with_drawn_references(reference, vectors, vectors, names, 0.0, pass_generator(0, 1))
    assert torch.equal(read, again)
    assert not torch.equal(read, other)
    assert torch.equal(with_drawn_references(reference, vectors, vectors, names, 1.0, pass_generator(0, 0)), vectors)


def test_a_head_fitted_with_references_reads_what_the_voice_does_not_hide():
    """Feature 1 tells of the voice alone: without references a fit needs it, with references it is but noise."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(2, (25 * 40,), generator=generator)
    offsets = 3.0 * torch.randn(25, 1, generator=generator).expand(-1, 40).flatten()
    noise = torch.randn(25 * 40, 2, generator=generator) * torch.tensor([0.3, 1.0])
    vectors = torch.stack([offsets + 1.5 * labels, offsets], dim=1) + noise
    names = [f"speaker {number:03}" for number in range(25) for _ in range(40)]
    told = slice(0, 600)
    reference = fitted(vectors[told], names[told])
    enrolled, alone = vectors[600:].unflatten(0, (10, 40)), labels[600:]
    with torch.no_grad():
        enrolled = torch.cat(
            [reference(clips, ReferenceSummary.within(clips, ~torch.eye(40, dtype=torch.bool))) for clips in enrolled]
        )
    recall = []
    for dropout in (0.0, 1.0):
        points = with_drawn_references(
            reference, vectors[told], vectors[told], names[told], dropout, pass_generator(0, 0)
        )
        fit = fit_ridge(points.numpy(), labels[told].numpy(), names[told], 2)
        answers = torch.from_numpy(enrolled.numpy() @ fit.weight.T + fit.bias).argmax(1)
        recall.append(float((answers == alone).float().mean()))
    assert recall[0] > 0.9
    assert recall[0] > recall[1] + 0.05


def test_the_trainer_fits_a_model_that_takes_references(tmp_path):
    corpus = tiny_corpus(tmp_path / "speakers")
    model = tiny_speech_model(**LINEAR, reference="standardise")
    trainer = tiny_trainer(
        corpus, tmp_path / "run", model=model, extractor=tiny_speech_extractor(), num_train_epochs=2, **RIDGE
    )
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trainer.train()
    changed = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    expected = {"classifier.weight", "classifier.bias", "reference.trust", "reference.voice_mean"}
    assert changed == {f"head.{name}" for name in expected | {"reference.voice_variance", "reference.batches_seen"}}
    assert np.isfinite(json.loads(json.dumps(trainer.fit.about()))["penalty"])
    # an equal run draws equal references
    twin = tiny_speech_model(**LINEAR, reference="standardise")
    tiny_trainer(
        corpus, tmp_path / "twin", model=twin, extractor=tiny_speech_extractor(), num_train_epochs=2, **RIDGE
    ).train()
    torch.testing.assert_close(twin.state_dict(), model.state_dict())


def test_learned_conditioning_is_not_fitted_in_closed_form(tmp_path):
    model = tiny_speech_model(**LINEAR, reference="film")
    with pytest.raises(ValueError, match=r"got head\.reference\.down, .* reference 'standardise'"):
        tiny_trainer(
            tiny_corpus(tmp_path / "speakers"), tmp_path, model=model, extractor=tiny_speech_extractor(), **RIDGE
        )
