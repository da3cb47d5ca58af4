"""Conditioning by other clips of the same voice."""

import pytest
import torch
from tiny_speech_encoder import alone, batch, largest, tiny_config, tiny_model

from hf_ser import SpeechEncoderForAudioClassification
from hf_ser.models.speech_encoder.reference import Film, ReferenceSummary, Standardise

KINDS = ["standardise", "film"]
WIDTH = 16


def conditioned(reference, kind="whisper", **settings):
    """A model whose conditioning is not at its start any more."""
    model = tiny_model(kind, reference=reference, head="attentive_statistics", **settings)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for tensor in (*model.head.reference.parameters(), model.head.reference.voice_mean):
            tensor.add_(0.1 * torch.randn(tensor.shape, generator=generator))
        model.head.reference.voice_variance.fill_(0.01)
    return model


def logits(model, inputs, **references):
    with torch.no_grad():
        return model(**inputs, **references).logits


def test_without_the_setting_nothing_is_added():
    plain, other = tiny_model("whisper").state_dict(), tiny_model("whisper", reference="film").state_dict()
    assert not [name for name in plain if "reference" in name]
    assert {name for name in other if name not in plain} == {
        f"head.reference.{name}" for name in ("trust", "down", "up", "voice_mean", "voice_variance", "batches_seen")
    }
    with pytest.raises(ValueError, match="expected 'standardise', 'film', or None"):
        tiny_config(reference="mean")


@pytest.mark.parametrize("reference", KINDS)
def test_no_reference_clip_changes_nothing(reference):
    model, inputs = conditioned(reference), batch("whisper", [0.6, 0.9])
    stripped = tiny_model("whisper", head="attentive_statistics")
    stripped.load_state_dict({k: v for k, v in model.state_dict().items() if "head.reference" not in k})
    plain = logits(stripped, inputs)
    hidden = {"reference_vectors": torch.full((2, 3, WIDTH), torch.nan), "reference_mask": torch.zeros(2, 3)}
    for nothing in ({}, hidden, {"reference_matrix": torch.zeros(2, 2, dtype=torch.bool)}):
        assert torch.equal(logits(model, inputs, **nothing), plain)


@pytest.mark.parametrize("reference", KINDS)
@pytest.mark.parametrize("kind", ["whisper", "hubert"])
def test_clips_of_the_batch_serve_as_clips_enrolled_before(reference, kind):
    model, inputs = conditioned(reference, kind), batch(kind, [0.6, 0.9, 0.7, 0.8])
    matrix = torch.tensor([[0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 0]]).bool()
    together = logits(model, inputs, reference_matrix=matrix)
    vectors = model.embed_reference(**inputs)
    assert vectors.shape == (4, WIDTH)
    assert not vectors.requires_grad
    padded = torch.where(matrix[..., None], vectors[None], torch.nan)
    assert largest(together, logits(model, inputs, reference_vectors=padded, reference_mask=matrix)) < 1e-4
    # and a clip alone, with its references, as in the batch
    for row in range(4):
        own = vectors[matrix[row]][None]
        assert largest(together[row], logits(model, alone(inputs, row), reference_vectors=own)) < 1e-4
    assert largest(together, logits(model, inputs)) > 1e-3


def test_one_voice_serves_a_whole_batch():
    model, inputs = conditioned("standardise"), batch("whisper", [0.6, 0.9])
    voice = torch.randn(1, 5, WIDTH)
    shared = logits(model, inputs, reference_vectors=voice)
    assert torch.equal(shared, logits(model, inputs, reference_vectors=voice.expand(2, -1, -1)))


def test_standardisation_trusts_many_clips_and_few_clips_little():
    voice, generator = Standardise(6).eval(), torch.Generator().manual_seed(0)
    voice.voice_mean.fill_(0.5)
    voice.voice_variance.fill_(1.0)
    clips = 3.0 + 2.0 * torch.randn(1, 4000, 6, generator=generator)
    vectors = 3.0 + 2.0 * torch.randn(400, 6, generator=generator)
    changed = {}
    for count in (1, 10, 4000):
        summary = ReferenceSummary.of_clips(clips[:, :count], None, vectors)
        changed[count] = voice(vectors, summary).detach()
        share = voice.share(summary.number).detach()
        assert torch.allclose(share, torch.full_like(share, count / (count + 3.0)))
    # many clips: what remains lies about the mean voice with its variance, 1
    assert torch.allclose(changed[4000].mean(0), torch.full((6,), 0.5), atol=0.2)
    assert torch.allclose(changed[4000].std(0), torch.ones(6), atol=0.15)
    # one clip: a quarter of the way, and nothing is known of the spread
    quarter = vectors - 0.25 * (clips[0, :1] - 0.5)
    assert torch.allclose(changed[1], quarter, atol=1e-5)
    assert 1.1 < float(changed[10].std(0).mean()) < 1.8


def test_film_starts_as_if_it_were_not_there_and_learns():
    film, vectors = Film(6, 4), torch.randn(5, 6)
    film.init_own_parameters()
    summary = ReferenceSummary.of_clips(torch.randn(5, 3, 6), None, vectors)
    changed = film(vectors, summary)
    assert torch.equal(changed, vectors)
    changed.square().sum().backward()
    assert bool((film.up.grad != 0).any())


def test_training_learns_the_mean_voice_and_how_far_to_trust():
    model = tiny_model("whisper", reference="standardise", head="attentive_statistics").train()
    inputs = batch("whisper", [0.6, 0.9, 0.7, 0.8])
    matrix = ~torch.eye(4, dtype=torch.bool)
    model(**inputs, reference_matrix=matrix, labels=torch.tensor([0, 1, 2, 3])).loss.backward()
    voice = model.head.reference
    assert bool((voice.voice_mean != 0).any() and (voice.voice_variance != 0).any())
    assert int(voice.batches_seen) == 1
    assert bool((voice.trust.grad != 0).any())
    assert bool(voice.trust_variance.grad != 0)
    # the same without references: distributed training wants every parameter in every step
    model.zero_grad()
    model(**inputs, labels=torch.tensor([0, 1, 2, 3])).loss.backward()
    assert all(parameter.grad is not None for parameter in voice.parameters())
    before = voice.voice_mean.clone()
    logits(model.eval(), inputs, reference_matrix=matrix)
    assert torch.equal(voice.voice_mean, before)


def batches_of_voices(count, pairs, spread=0.05):
    """Batches of two voices with four clips each; every clip has the other three of its voice for references, or where
    `pairs` says no a single one.
    """
    generator = torch.Generator().manual_seed(7)
    for number in range(count):
        offsets = torch.randn(2, 1, 6, generator=generator).expand(-1, 4, -1)
        clips = (offsets + spread * torch.randn(2, 4, 6, generator=generator)).flatten(0, 1)
        voices = torch.block_diag(torch.ones(4, 4), torch.ones(4, 4)).bool() & ~torch.eye(8, dtype=torch.bool)
        single = torch.eye(8).roll(1, dims=1).bool() & voices
        yield clips, ReferenceSummary.within(clips, voices if pairs(number) else single)


def test_a_spread_that_is_told_late_is_known_at_once():
    voice, spread = Standardise(6).train(), 0.05
    ten = spread * torch.randn(1, 10, 6, generator=torch.Generator().manual_seed(1))
    vectors = torch.randn(5, 6, generator=torch.Generator().manual_seed(2))

    def spread_of(module):
        """By how much ten references widen or narrow what they are the references of."""
        clips = torch.stack([vectors[0], vectors[0] + 1.0])
        changed = module(clips, ReferenceSummary.of_clips(ten, None, clips)).detach()
        return (changed[1] - changed[0]).mean().item()

    batches = list(batches_of_voices(12, lambda number: number >= 5))
    for clips, summary in batches[:5]:
        voice(clips, summary)
    assert not bool(voice.voice_variance.any())
    assert spread_of(voice.eval()) == pytest.approx(1.0, abs=1e-5)
    # saved and loaded on the way, it goes on as if it had not been
    other = Standardise(6)
    other.load_state_dict(voice.state_dict())
    for module in (voice, other):
        module.train()
        for clips, summary in batches[5:]:
            module(clips, summary)
            assert bool(((module.voice_variance / spread**2).log().abs() < 2).all())
    for name, value in voice.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
    assert int(voice.batches_seen) == 12
    assert 0.8 < spread_of(voice.eval()) < 1.25


def test_no_references_in_training_leave_spreads_alone():
    voice, nothing = Standardise(6).train(), torch.zeros(8, 8, dtype=torch.bool)
    for clips, _ in batches_of_voices(3, lambda number: True):
        voice(clips, ReferenceSummary.within(clips, nothing))
    assert bool(voice.voice_mean.any())
    voice.eval()
    summary = ReferenceSummary.of_clips(0.01 * torch.randn(1, 10, 6), None, clips)
    offset = voice.share(summary.number) * (summary.mean - voice.voice_mean)
    assert torch.allclose(voice(clips, summary), clips - offset)


@pytest.mark.parametrize("kind", [Standardise, Film])
def test_a_frozen_reference_learns_nothing_of_voices(kind):
    voice = kind(6).train()
    voice.init_own_parameters()
    before = {name: value.clone() for name, value in voice.state_dict().items()}
    voice.requires_grad_(False)
    ((clips, summary),) = batches_of_voices(1, lambda number: True)
    voice(clips, summary)
    assert all(torch.equal(value, before[name]) for name, value in voice.state_dict().items())
    voice.requires_grad_(True)
    voice(clips, summary)
    assert bool(voice.voice_mean.any() and voice.voice_variance.any())


def test_mixing_mixes_vectors_after_conditioning():
    model, inputs = conditioned("standardise"), batch("whisper", [0.6, 0.9, 0.7])
    matrix = torch.tensor([[0, 1, 0], [1, 0, 1], [0, 0, 0]]).bool()
    plain = logits(model, inputs, reference_matrix=matrix)
    partner, share = torch.tensor([2, 0, 1]), torch.tensor([1.0, 0.5, 0.75])
    mixed = logits(model, inputs, reference_matrix=matrix, mix_partner=partner, mix_share=share)
    wanted = share[:, None] * plain + (1 - share[:, None]) * plain[partner]
    assert largest(mixed, wanted) < 1e-5


@pytest.mark.parametrize("reference", KINDS)
def test_saved_and_loaded_it_answers_the_same(reference, tmp_path):
    model, inputs = conditioned(reference), batch("whisper", [0.6, 0.9])
    voice = torch.randn(2, 3, WIDTH)
    model.save_pretrained(tmp_path)
    loaded = SpeechEncoderForAudioClassification.from_pretrained(tmp_path)
    assert loaded.config.reference == reference
    assert torch.equal(logits(model, inputs, reference_vectors=voice), logits(loaded, inputs, reference_vectors=voice))
    # a fresh one made from its encoder starts anew, whatever memory it was made in
    fresh = SpeechEncoderForAudioClassification.from_encoder(tmp_path, num_labels=4, reference=reference)
    state = fresh.head.reference.state_dict()
    assert not bool(state["trust"].any() or state["voice_mean"].any() or state["batches_seen"].any())
    assert not bool(state["voice_variance"].any())
    assert "up" not in state or not bool(state["up"].any())
    # a plain checkpoint lacks the conditioning, which is said
    stripped = tiny_model("whisper", head="attentive_statistics")
    stripped.config.reference = reference
    stripped.save_pretrained(tmp_path / "stripped")
    with pytest.raises(ValueError, match=r"missing head\.reference"):
        SpeechEncoderForAudioClassification.from_pretrained(tmp_path / "stripped")


def test_mistakes_are_named():
    model, inputs = conditioned("standardise"), batch("whisper", [0.6, 0.9])
    for references, message in (
        ({"reference_vectors": torch.zeros(2, 3, 5)}, r"\(2, 3, 5\), expected \(2, references, 16\)"),
        ({"reference_vectors": torch.zeros(3, 3, WIDTH)}, r"expected \(2, references, 16\)"),
        ({"reference_vectors": torch.full((2, 3, WIDTH), torch.nan)}, "NaN or infinity"),
        ({"reference_vectors": torch.zeros(2, 3, WIDTH), "reference_mask": torch.ones(2, 2)}, r"expected \(2, 3\)"),
        ({"reference_mask": torch.ones(2, 2)}, "without reference_vectors"),
        ({"reference_matrix": torch.eye(2).bool()}, r"clips \[0, 1\] of the batch as their own reference"),
        ({"reference_matrix": torch.zeros(3, 3).bool()}, r"\(2, 2\) booleans"),
        ({"reference_matrix": torch.zeros(2, 2).bool(), "reference_vectors": torch.zeros(2, 3, WIDTH)}, "one of them"),
    ):
        with pytest.raises(ValueError, match=message):
            logits(model, inputs, **references)
    plain = tiny_model("whisper")
    with pytest.raises(ValueError, match=r"train a model that can: hf-ser train .* --reference standardise"):
        logits(plain, inputs, reference_vectors=torch.zeros(2, 3, WIDTH))
    with pytest.raises(ValueError, match="reference=None"):
        plain.embed_reference(**inputs)
