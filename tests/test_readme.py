"""The README is a story that runs: its Python blocks and its commands, in order, in one folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.slow
def test_the_story_runs(tmp_path, synthetic):
    for name in ("examples", "README.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    synthetic.make_ravdess_tree(tmp_path / "outputs" / "synthetic", range(1, 9), seconds=(0.5, 0.8))
    bin_folder = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": bin_folder + os.pathsep + os.environ["PATH"], "CUDA_VISIBLE_DEVICES": ""}
    training = next(block for block in blocks("bash") if "examples/train.py" in block)
    for command in [training, *blocks("python")]:
        call = ["bash", "-ec", command] if command is training else [sys.executable, "-c", command]
        done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, command + done.stderr[-3000:]
    assert (tmp_path / "outputs" / "first" / "fold-0" / "model.safetensors").is_file()


def test_every_file_that_is_named_exists():
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
    for path in re.findall(r"\b(?:examples|model_cards|hf_ser)/[\w./-]+\.(?:py|json|md|flac)\b", README):
        assert (ROOT / path).exists(), path


def test_sample_clips_are_the_ones_of_their_notice():
    clips = sorted(path.name for path in (ROOT / "examples" / "audio").glob("*.flac"))
    notice = (ROOT / "examples" / "audio" / "README.md").read_text(encoding="utf-8")
    assert len(clips) == 8
    assert all(clip in notice for clip in clips)
    assert {clip.split("-")[2] for clip in clips} == {f"{code:02d}" for code in range(1, 9)}
    assert {clip.split("-")[6][:2] for clip in clips} == {"23", "24"}
    assert "CC BY-NC-SA 4.0" in notice
    assert "Livingstone" in notice


def test_no_placeholder_is_left():
    for path in (ROOT / "README.md", *(ROOT / "model_cards").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        left = re.findall(r"<!-- \w+ -->|\b(?:RESULTS|PARAMS|FILE_SIZE|VIEWS|COST)\b", text)
        assert not left, (path.name, left)
