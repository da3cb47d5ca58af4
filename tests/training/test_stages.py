import pytest

from hf_ser import SerTrainingArguments
from hf_ser.training.stages import parse_stages


def test_stages_are_read_from_json_and_from_python_alike(tmp_path):
    expected = {2: 1, 4: "all", 6: ["layers", "tokenizer"]}
    assert parse_stages('{"2": 1, "4": "all", "6": ["layers", "tokenizer"]}') == expected
    assert parse_stages(expected) == expected
    assert parse_stages("gradual") == "gradual"
    assert parse_stages(None) is None
    arguments = SerTrainingArguments(output_dir=str(tmp_path), freeze="encoder", unfreeze_at='{"2": 1}')
    assert arguments.freeze == ["encoder"]
    assert arguments.unfreeze_at == {2: 1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"unfreeze_at": {0: 1}}, r"has the epoch 0, expected whole numbers from 1"),
        ({"unfreeze_at": '{"first": 1}'}, r"has the epoch 'first'"),
        ({"unfreeze_at": "[1]"}, r"expected a JSON object"),
        ({"unfreeze_at": {1: []}}, r"says nothing for epoch 1"),
        ({"unfreeze_at": {1: 1.5}}, r"unfreeze_at for epoch 1 is 1.5, expected names of modules"),
        ({"freeze": [3]}, r"freeze is \[3\], expected names of modules"),
        ({"layer_learning_rate_decay": 0.0}, r"expected a factor in \(0, 1\]"),
        ({"layer_learning_rate_decay": 1.2}, r"expected a factor in \(0, 1\]"),
        ({"head_learning_rate": -1.0}, r"expected a number above 0"),
        ({"mse_weight": 2.0}, r"expected a share in \[0, 1\]"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        SerTrainingArguments(output_dir=str(tmp_path), **settings)
