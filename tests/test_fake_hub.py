"""The stock clients (huggingface_hub, transformers, datasets) against the fake Hub, each in a process of its own."""

import subprocess
import sys
import textwrap
from pathlib import Path

from fake_hub import FakeHub, fake_hub  # noqa: F401


def run(hub: FakeHub, code: str) -> None:
    """Run code in a process whose Hub is this one, and see that no request went unanswered."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=hub.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert hub.unknown == []


def test_create_upload_list_download_delete(fake_hub: FakeHub, tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "made"
    (folder / "sub").mkdir(parents=True)
    (folder / "README.md").write_text("hello")
    (folder / "empty.txt").write_text("")
    (folder / "sub" / "weights.bin").write_bytes(b"\0" * 1000)
    code = f"""
        from pathlib import Path
        import pytest
        from huggingface_hub import HfApi, hf_hub_download, snapshot_download
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError
        from huggingface_hub.errors import RevisionNotFoundError
        api = HfApi()
        for kind in ("model", "dataset"):
            repo = api.create_repo("first", repo_type=kind)
            assert repo.repo_id == "tester/first" and repo.repo_type == kind, repo
            assert api.create_repo("tester/first", repo_type=kind, exist_ok=True) == repo
            with pytest.raises(HfHubHTTPError):
                api.create_repo("first", repo_type=kind)
            old = api.upload_folder(repo_id="tester/first", folder_path={str(folder)!r}, repo_type=kind).oid
            assert sorted(api.list_repo_files("tester/first", repo_type=kind)) == [
                "README.md", "empty.txt", "sub/weights.bin"]
            here = Path(snapshot_download("tester/first", repo_type=kind))
            assert (here / "sub/weights.bin").read_bytes() == bytes(1000)
            assert (here / "empty.txt").read_text() == ""
            api.delete_file("README.md", "tester/first", repo_type=kind)
            assert not api.file_exists("tester/first", "README.md", repo_type=kind)
            before = hf_hub_download("tester/first", "README.md", repo_type=kind, revision=old)
            assert Path(before).read_text() == "hello"
        with pytest.raises(EntryNotFoundError):
            hf_hub_download("tester/first", "nothing.txt")
        with pytest.raises(RevisionNotFoundError):
            hf_hub_download("tester/first", "empty.txt", revision="v9")
        with pytest.raises(RepositoryNotFoundError):
            api.model_info("tester/second")
        with pytest.raises(HfHubHTTPError):
            HfApi(token="hf_wrong").create_repo("second")
        assert api.whoami()["name"] == "tester"
    """
    run(fake_hub, code)
    assert sorted(fake_hub.files("tester/first")) == ["empty.txt", "sub/weights.bin"]
    assert len(fake_hub.commits("tester/first", "datasets")) == 3
    assert set(fake_hub.repos) == {"models/tester/first", "datasets/tester/first"}


def test_model_and_trainer_push_and_come_back(fake_hub: FakeHub, tmp_path: Path) -> None:  # noqa: F811
    code = f"""
        import torch
        from transformers import ASTConfig, ASTForAudioClassification, AutoModelForAudioClassification
        from transformers import Trainer, TrainingArguments
        config = ASTConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
                           num_mel_bins=16, max_length=16, frequency_stride=16, time_stride=16, num_labels=2)
        model = ASTForAudioClassification(config)

        def check(repo):
            back = AutoModelForAudioClassification.from_pretrained(repo)
            for name, value in model.state_dict().items():
                assert torch.equal(value, back.state_dict()[name]), name

        model.push_to_hub("tester/tiny")
        check("tester/tiny")
        rows = [{{"input_values": torch.randn(16, 16), "labels": i % 2}} for i in range(4)]
        arguments = TrainingArguments(
            {str(tmp_path / "run")!r}, push_to_hub=True, hub_model_id="tester/trained", hub_strategy="every_save",
            max_steps=2, save_steps=1, use_cpu=True, report_to="none", disable_tqdm=True)
        trainer = Trainer(model, arguments, train_dataset=rows)
        trainer.train()
        trainer.push_to_hub(commit_message="The end")
        check("tester/trained")
    """
    run(fake_hub, code)
    assert {"config.json", "model.safetensors"} <= set(fake_hub.files("tester/tiny"))
    trained = fake_hub.files("tester/trained")
    assert {"README.md", "config.json", "model.safetensors", "training_args.bin"} <= set(trained)
    assert b"generated_from_trainer" in trained["README.md"].read_bytes()
    messages = fake_hub.commits("tester/trained")
    assert any("step 1" in message for message in messages), messages
    assert messages[-1] == "The end"


def test_dataset_goes_up_and_comes_back(fake_hub: FakeHub) -> None:  # noqa: F811
    code = """
        from datasets import Dataset, load_dataset
        Dataset.from_dict({"emotion": ["sad", "calm"], "speaker": ["a", "b"]}).push_to_hub("tester/rows")
        assert load_dataset("tester/rows", split="train")["speaker"][:] == ["a", "b"]
    """
    run(fake_hub, code)
    assert any(path.endswith(".parquet") for path in fake_hub.files("tester/rows", "datasets"))
