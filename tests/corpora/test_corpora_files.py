"""What lies in a corpus folder: junk, links, videos, git-lfs pointers."""

import pytest

from hf_ser.corpora import CorpusError
from hf_ser.corpora.files import audio_files, find_files, git_lfs_pointers, walk_files


def test_junk_is_skipped_and_names_are_found_nearest_first(tmp_path):
    for name in ("b/c/Labels.CSV", "labels.csv", "._labels.csv", ".DS_Store", "__MACOSX/labels.csv", "b/x.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(walk_files(tmp_path)) == ["b/c/Labels.CSV", "b/x.wav", "labels.csv"]
    assert find_files(tmp_path, "labels.csv") == [tmp_path / "labels.csv", tmp_path / "b/c/Labels.CSV"]
    assert find_files(tmp_path, "other.csv") == []
    assert audio_files(tmp_path) == ["b/x.wav"]


@pytest.mark.parametrize("suffix", [".avi", ".mp4", ".flv"])
def test_videos_without_sound_files_are_told_how_to_extract_it(suffix, tmp_path):
    (tmp_path / f"a{suffix}").touch()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(CorpusError, match=rf"1 \{suffix}.*extract the sound.*find .* -name '\*\{suffix}'.*ffmpeg"):
        audio_files(tmp_path)
    (tmp_path / "a.wav").touch()
    assert audio_files(tmp_path) == ["a.wav"]


def test_git_lfs_pointers_are_told_from_short_and_empty_files(tmp_path):
    (tmp_path / "pointer.wav").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n")
    (tmp_path / "short.wav").write_bytes(b"RIFF" + bytes(100))
    (tmp_path / "empty.wav").touch()
    (tmp_path / "long.wav").write_bytes(bytes(5000))
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert git_lfs_pointers(tmp_path, names) == ["pointer.wav"]
