import pytest

from hf_ser import SerTrainingArguments


def test_defaults_choose_the_checkpoint_by_validation_ua(tmp_path):
    arguments = SerTrainingArguments(output_dir=str(tmp_path))
    assert arguments.load_best_model_at_end
    assert arguments.metric_for_best_model == "ua"
    assert arguments.greater_is_better
    assert arguments.report_to == []
    assert arguments.label_names == ["labels", "row_ids"]


def test_no_evaluation_needs_no_further_setting(tmp_path):
    arguments = SerTrainingArguments(output_dir=str(tmp_path), eval_strategy="no")
    assert not arguments.load_best_model_at_end
    assert arguments.metric_for_best_model is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"remove_unused_columns": True}, "remove_unused_columns is True, expected False"),
        ({"resume": True, "overwrite_run": True}, "either continued or given up"),
        ({"max_train_seconds": 0.0}, "max_train_seconds is 0.0, expected a number above 0"),
        ({"muon_learning_rate": -1.0}, "muon_learning_rate is -1.0, expected a number above 0"),
        ({"eval_strategy": "no", "early_stopping_patience": 2}, "early_stopping_patience needs evaluations"),
        ({"save_strategy": "steps", "load_best_model_at_end": False}, "save_strategy is 'steps' with eval_strategy"),
        ({"push_to_hub": True, "hub_strategy": "every_save"}, "hub_strategy is 'every_save', expected 'end'"),
        ({"label_names": ["labels"]}, r"label_names is \['labels'\]"),
        ({"time_masks": -1}, "time_masks is -1, expected 0 or more"),
        ({"time_mask_share": 0.0}, r"time_mask_share is 0.0, expected a share in \(0, 1\]"),
    ],
)
def test_contradictions_are_refused(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        SerTrainingArguments(output_dir=str(tmp_path), **settings)


def test_saving_and_evaluating_alike_or_not_evaluating(tmp_path):
    for settings in ({"eval_strategy": "no"}, {"eval_strategy": "steps", "eval_steps": 500}):
        SerTrainingArguments(output_dir=str(tmp_path), save_strategy="steps", **settings)


def test_a_smaller_loss_is_better(tmp_path):
    arguments = SerTrainingArguments(output_dir=str(tmp_path), metric_for_best_model="loss")
    assert arguments.greater_is_better is False
