"""Training and evaluation of models that take references."""

import json
import logging
from collections import Counter

import numpy as np
import pytest
import torch
from speech import tiny_speech_extractor, tiny_speech_model
from tiny import StopAt, same_weights, tiny_model, tiny_trainer

from hf_ser.protocols.reference_clips import choose_references, reference_order
from hf_ser.training.objectives import ClassificationObjective
from hf_ser.training.reference_sampling import ReferenceCollator, SpeakerSampler

SPEAKERS = ["a"] * 20 + ["b"] * 9 + ["c"] * 17 + ["corpus/unknown"] * 5 + [None] * 2


def sampler(epoch=0, seed=1, batch_size=8, speakers=2):
    return SpeakerSampler(SPEAKERS, batch_size, speakers, seed, lambda: epoch)


def reference_trainer(corpus, folder, *, model=None, reference="standardise", **settings):
    model = model or tiny_speech_model(reference=reference)
    settings = {"per_device_train_batch_size": 8, "reference_speakers_per_batch": 2, "eval_strategy": "no"} | settings
    return tiny_trainer(corpus, folder, model=model, extractor=tiny_speech_extractor(), **settings)


def test_batches_hold_a_few_voices_and_an_epoch_every_clip_once():
    order = list(sampler())
    assert sorted(order) == list(range(len(SPEAKERS)))
    assert len(sampler()) == len(SPEAKERS)
    batches = [order[first : first + 8] for first in range(0, len(order), 8)]
    counts = [Counter(str(SPEAKERS[index]) for index in batch) for batch in batches]
    # 5 groups of a, 2 of b, 4 of c fill five batches and a half
    assert sum(set(count.values()) <= {4, 8} for count in counts) >= 5
    assert order == list(sampler())
    assert order != list(sampler(epoch=1))
    assert order != list(sampler(seed=2))


def test_processes_get_whole_batches():
    from accelerate.data_loader import BatchSamplerShard

    batches = torch.utils.data.BatchSampler(sampler(), 8, drop_last=False)
    shares = [list(BatchSamplerShard(batches, 2, process, even_batches=False)) for process in range(2)]
    assert sorted(index for share in shares for batch in share for index in batch) == list(range(len(SPEAKERS)))
    assert all(batch in list(batches) for share in shares for batch in share)


def test_groups_of_one_are_refused():
    with pytest.raises(ValueError, match="leaves two clips or more of each speaker"):
        sampler(speakers=8)
    with pytest.raises(ValueError, match="expected a divisor"):
        sampler(speakers=3)


@pytest.mark.parametrize(("speakers", "said"), [(4, True), (2, False)])
def test_batches_with_hardly_any_pair_of_references_are_said_once(corpus, tmp_path, caplog, speakers, said):
    with caplog.at_level(logging.WARNING, "hf_ser"):
        settings = {"freeze": ["encoder"], "reference_speakers_per_batch": speakers, "save_strategy": "no"}
        reference_trainer(corpus, tmp_path, max_steps=1, **settings).train()
    wanted = r"batches of 8 clips (per_device_train_batch_size) of 4 speakers (reference_speakers_per_batch)"
    assert caplog.text.count(wanted) == said
    assert caplog.text.count("make batches larger (16") == said


def references_of(size=1000, dropout=0.25, epoch=0):
    speakers = {row: "a" if row < 8 else "b" if row < 15 else "unknown" for row in range(17)}
    collate = ReferenceCollator(lambda examples: {}, speakers, dropout)
    matrices = []
    for seed in range(size // 17):
        examples = [{"row_ids": row, "draw": (seed, epoch, row)} for row in range(17)]
        matrices.append(collate(examples)["reference_matrix"])
    return torch.stack(matrices)


def test_references_are_other_clips_of_the_voice_in_sets_of_every_size():
    drawn = references_of()
    assert not bool(drawn.diagonal(dim1=1, dim2=2).any())
    voice = torch.arange(17) < 8
    assert not bool(drawn[:, voice][:, :, ~voice].any() or drawn[:, ~voice][:, :, voice].any())
    assert not bool(drawn[:, 15:].any() or drawn[:, :, 15:].any())
    sizes = drawn[:, :8].sum(2).flatten()
    shares = np.bincount(sizes.numpy(), minlength=8) / len(sizes)
    assert abs(shares[0] - 0.25) < 0.08
    # log-uniform over 1 to 7: log(2) / log(8) of them have one clip
    assert abs(shares[1] - 0.75 / 3) < 0.08
    assert shares[7] > 0.02
    assert torch.equal(drawn, references_of())
    assert not torch.equal(drawn, references_of(epoch=1))
    assert not bool(references_of(dropout=1.0, size=40).any())


@pytest.mark.parametrize("reference", ["standardise", "film"])
def test_training_with_references_from_the_cache_and_mixed(corpus, tmp_path, reference):
    kept = {"prefix_cache_dir": str(tmp_path / "cache"), "freeze": ["encoder"], "mixup_alpha": 0.4}
    trainer = reference_trainer(corpus, tmp_path / "run", reference=reference, **kept)
    batch = next(iter(trainer.get_train_dataloader()))
    assert {"prefix", "reference_matrix", "mix_partner", "mix_share"} <= set(batch)
    assert bool(batch["reference_matrix"].any())
    start = tiny_speech_model(reference=reference).state_dict()
    trainer.train()
    changed = [name for name, value in trainer.model.state_dict().items() if not torch.equal(value, start[name])]
    assert {"head.reference.trust", "head.reference.voice_mean", "head.classifier.weight"} <= set(changed)
    assert all(name.startswith("head.") for name in changed)


def test_interrupted_run_with_references_ends_like_one_left_alone(corpus, tmp_path):
    settings = {"save_strategy": "steps", "save_steps": 4, "save_total_limit": None, "freeze": ["encoder"]}
    settings["prefix_cache_dir"] = str(tmp_path / "cache")
    whole = reference_trainer(corpus, tmp_path / "whole", **settings)
    whole.train()
    with pytest.raises(StopAt.Interrupted):
        reference_trainer(corpus, tmp_path / "broken", callbacks=[StopAt(5)], **settings).train()
    other = tiny_speech_model(seed=9, reference="standardise")
    resumed = reference_trainer(corpus, tmp_path / "broken", model=other, resume=True, **settings)
    resumed.train()
    assert same_weights(whole.model, resumed.model)


def test_evaluation_with_references_leaves_them_out_of_the_score(corpus, tmp_path):
    model = tiny_speech_model(reference="standardise", head_dropout=0.0)
    with torch.no_grad():
        model.head.classifier.weight.mul_(20)
    plain = reference_trainer(corpus, tmp_path, model=model)
    alone = plain.predict(corpus)
    trainer = reference_trainer(corpus, tmp_path, model=model, eval_reference_clips=2)
    found = trainer.predict(corpus)
    speakers = np.asarray(corpus["speaker"])
    assert len(found.row_ids) == len(corpus) - 2 * len(set(speakers))
    order = reference_order(list(speakers), 2, trainer.args.seed)
    fit = choose_references(corpus["audio"], list(speakers), 2, trainer.args.seed)
    drawn = {speaker: sorted(places) for speaker, places in fit.items()}
    # some clips are shorter than half a second
    assert any(set(drawn[speaker]) != set(places[:2]) for speaker, places in order.items())
    assert not set(found.row_ids.tolist()) & {row for rows in drawn.values() for row in rows}
    assert trainer.evaluate(corpus)["eval_wa"] == pytest.approx(found.metrics["test_wa"])
    # the answers are those of the model, given the enrolled clips
    row = int(found.row_ids[3])
    dataset = plain._sides.dataset(corpus, plain.args, training=False)
    voice = plain.eval_collator([dataset[place] for place in drawn[speakers[row]]])
    clip = plain.eval_collator([dataset[row]])
    for batch in (voice, clip):
        batch.pop("labels"), batch.pop("row_ids")
    model.eval()
    with torch.no_grad():
        logits = model(**clip, reference_vectors=model.embed_reference(**voice)[None]).logits[0].numpy()
    assert np.abs(found.predictions[3] - logits).max() < 1e-3
    assert np.abs(alone.predictions[row] - logits).max() > 1e-2


def test_twins_take_the_clean_clips_for_references():
    seen = {}

    def model(**inputs):
        seen.update(inputs)
        return {"logits": torch.zeros(6, 3)}

    matrix = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]]).bool()
    clips = {"input_features": torch.zeros(3, 2), "twin_input_features": torch.ones(3, 2), "labels": torch.arange(3)}
    mixing = {"mix_partner": torch.tensor([2, 0, 1]), "mix_share": torch.tensor([0.5, 0.6, 0.7])}
    ClassificationObjective(stability_weight=0.5)(model, {**clips, **mixing, "reference_matrix": matrix})
    assert seen["reference_matrix"].tolist() == torch.cat([torch.cat([matrix] * 2), torch.zeros(6, 3)], 1).tolist()
    assert seen["mix_partner"].tolist() == [2, 0, 1, 5, 3, 4]
    assert torch.equal(seen["input_features"], torch.tensor([[0.0, 0.0]] * 3 + [[1.0, 1.0]] * 3))


def test_settings_that_do_not_go_together_are_refused(corpus, tmp_path):
    for settings, message in (
        ({"class_sampling": "oversample"}, "batches are made of a few speakers; leave both out"),
        ({"train_sampling_strategy": "group_by_length"}, "batches are made of a few speakers"),
        ({"reference_dropout": 1.5}, r"a share in \[0, 1\]"),
        ({"eval_reference_clips": -1}, "0 or more"),
    ):
        with pytest.raises(ValueError, match=message):
            reference_trainer(corpus, tmp_path, **settings)
    with pytest.raises(ValueError, match=r"eval_reference_clips=5 is for .*--reference standardise"):
        tiny_trainer(corpus, tmp_path, model=tiny_model(), eval_reference_clips=5)
    for clips, message in ((len(corpus), "leaves none to score"), (11, r"long enough \(0\.5 s\) and not silent")):
        with pytest.raises(ValueError, match=message):
            reference_trainer(corpus, tmp_path, eval_reference_clips=clips)
    trainer = reference_trainer(corpus, tmp_path)
    with pytest.raises(ValueError, match="speaker is not known"):
        reference_order(SPEAKERS, 1, 0)
    nobody = corpus.remove_columns("speaker").add_column("speaker", ["unknown"] * len(corpus))
    with pytest.raises(ValueError, match="no training clip has a known speaker"):
        reference_trainer(corpus, tmp_path).__class__(
            tiny_speech_model(reference="film"),
            trainer.args,
            train_dataset=nobody,
            processing_class=tiny_speech_extractor(),
        )
    assert json.dumps(trainer.args.to_dict(), default=str)
