"""One vector for a voice that was heard in several clips."""

import torch

from hf_ser.models.speaker_encoder.mean_voice import mean_voice


def test_direction_and_length_are_means_and_unheard_clips_do_not_count():
    vectors = torch.tensor([[3.0, 0.0], [0.0, 3.0], [0.0, 0.0]])
    torch.testing.assert_close(mean_voice(vectors), torch.full((2,), 3 / 2**0.5))
    torch.testing.assert_close(mean_voice(vectors[:1]), vectors[0])
    assert not mean_voice(vectors[2:]).any()
