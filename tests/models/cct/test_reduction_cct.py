"""The frozen reduction of speaker vectors: what it is fitted to."""

import pytest
import torch
from tiny_cct import padded_batch
from tiny_speaker_cct import tiny_speaker_model, voices


def test_the_reduction_is_the_principal_components_and_deterministic():
    model = tiny_speaker_model(speaker_reduction_dim=3)
    features, _ = padded_batch([50, 50])
    with pytest.raises(ValueError, match=r"to 3 has not been fitted; call\s+model\.fit_speaker_reduction"):
        model(features, voices(2))
    training = voices(40) @ torch.randn(12, 12, generator=torch.Generator().manual_seed(0)) + 7
    assert model.fit_speaker_reduction(training) is model
    speaker = model.cct.speaker
    centred = (training - training.mean(0)).double()
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    agreement = (speaker.reduction_components.double() @ directions[:3].T).abs()
    torch.testing.assert_close(agreement, torch.eye(3).double(), rtol=0, atol=1e-5)
    torch.testing.assert_close(speaker.reduction_mean, training.mean(0))
    before = speaker.reduction_components.clone()
    model.fit_speaker_reduction(training.flip(0))
    torch.testing.assert_close(speaker.reduction_components, before, rtol=0, atol=1e-6)
    assert not {name for name, _ in model.named_parameters() if "reduction" in name}
    assert torch.isfinite(model(features, voices(2)).logits).all()
    with pytest.raises(ValueError, match=r"shape \(3, 12\), expected .* more than 3 clips"):
        model.fit_speaker_reduction(training[:3])
    with pytest.raises(ValueError, match="has no reduction to fit"):
        tiny_speaker_model().fit_speaker_reduction(training)


def test_voices_that_are_not_known_are_not_fitted_to():
    vectors = voices(9, seed=3) + 7
    with_unknown = torch.cat([vectors[:5], torch.zeros(20, 12), vectors[5:]])
    expected, found = (
        tiny_speaker_model(speaker_reduction_dim=3).fit_speaker_reduction(given).cct.speaker
        for given in (vectors, with_unknown)
    )
    assert torch.equal(found.reduction_mean, expected.reduction_mean)
    assert torch.equal(found.reduction_components, expected.reduction_components)
    message = r"shape \(23, 12\) of which 3 are not zeros .*, expected .* more than 3 clips"
    with pytest.raises(ValueError, match=message):
        tiny_speaker_model(speaker_reduction_dim=3).fit_speaker_reduction(with_unknown[2:25])
    with_unknown[25] = torch.nan
    with pytest.raises(ValueError, match=r"not finite in rows \[25\]"):
        tiny_speaker_model(speaker_reduction_dim=3).fit_speaker_reduction(with_unknown)
