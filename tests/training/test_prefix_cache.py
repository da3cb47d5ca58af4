import pytest
import torch
from speech import tiny_speech_model
from torch import nn

from hf_ser.training.prefix_cache import cast_once


@pytest.mark.parametrize(("name", "key"), [("whisper", "input_features"), ("hubert", "input_values")])
def test_weights_cast_beforehand_give_what_autocast_gives(name, key):
    model = tiny_speech_model(name).eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    lighter = cast_once(model, torch.bfloat16)
    shape = (1, 60, 80) if name == "whisper" else (1, 8000)
    inputs = {key: torch.randn(shape, generator=torch.Generator().manual_seed(0))}
    with torch.autocast("cpu", torch.bfloat16):
        wanted, _ = model.compute_prefix(2, **inputs)
        found, _ = lighter.compute_prefix(2, **inputs)
    assert torch.equal(found, wanted)
    assert {module.weight.dtype for module in lighter.modules() if isinstance(module, nn.Linear)} == {torch.bfloat16}
    # the model itself trains on, in its own type
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert cast_once(model, None) is model
