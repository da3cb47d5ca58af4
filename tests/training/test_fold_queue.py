import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from hf_ser.training.fold_queue import Place, finish, leave_process_group, take_part


@dataclass
class Note:
    """A job that writes who did it."""

    folder: Path
    fails: bool = False

    def finished(self):
        return (self.folder / "done").exists()

    def run(self):
        if self.fails:
            raise RuntimeError("no luck")
        with (self.folder / "done").open("a") as file:
            file.write(f"{os.getpid()}\n")


def notes(folder, count=3):
    return [Note(folder / str(number)) for number in range(count)]


def test_each_job_is_run_once(tmp_path):
    take_part(notes(tmp_path))
    take_part(notes(tmp_path))
    finish(notes(tmp_path))
    assert [(tmp_path / str(n) / "done").read_text().count("\n") for n in range(3)] == [1, 1, 1]


def test_a_job_that_another_process_holds_is_left_to_it_and_waited_for(tmp_path):
    holder = textwrap.dedent(
        f"""
        import sys, time, pathlib
        from filelock import FileLock
        folder = pathlib.Path({str(tmp_path / "1")!r}); folder.mkdir()
        with FileLock(folder / ".lock"):
            print("held", flush=True)
            sys.stdin.readline()
            (folder / "done").write_text("other\\n")
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        jobs = notes(tmp_path)
        take_part(jobs)
        assert [job.finished() for job in jobs] == [True, False, True]

        def let_go(job):
            process.stdin.write("\n")
            process.stdin.flush()

        finish(jobs, waiting=let_go)
    assert (tmp_path / "1" / "done").read_text() == "other\n"


def test_a_job_whose_process_was_killed_is_taken_up(tmp_path):
    holder = textwrap.dedent(
        f"""
        import pathlib, time
        from filelock import FileLock
        folder = pathlib.Path({str(tmp_path / "0")!r}); folder.mkdir()
        with FileLock(folder / ".lock"):
            print("held", flush=True)
            time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        process.kill()
    jobs = notes(tmp_path, 1)
    take_part(jobs)
    assert jobs[0].finished()


@pytest.mark.slow
def test_helpers_end_with_the_process_that_was_killed(tmp_path):
    script = tmp_path / "starts_a_helper.py"
    script.write_text(
        textwrap.dedent(
            """
            import multiprocessing, time
            from hf_ser.training.fold_queue import end_with_parent

            def work():
                end_with_parent()
                print("at work", flush=True)
                time.sleep(120)

            if __name__ == "__main__":
                multiprocessing.get_context("spawn").Process(target=work, daemon=True).start()
                time.sleep(120)
            """
        )
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "at work\n"
        process.kill()
        # the end of the pipe comes when the last process that holds it has ended
        assert process.stdout.read() == ""


def test_a_failure_is_not_hidden(tmp_path):
    with pytest.raises(RuntimeError, match="no luck"):
        finish([Note(tmp_path / "0", fails=True)])


@pytest.mark.parametrize(
    ("visible", "expected"), [(None, "1"), ("4,5", "5"), ("", "1")], ids=["all GPUs", "some GPUs", "blank"]
)
def test_leaves_the_process_group_of_a_launcher(monkeypatch, visible, expected):
    # monkeypatch puts back what is taken away here
    for name, value in {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "TORCHELASTIC_RUN_ID": "x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert leave_process_group() == Place(3, 4)
    assert not {"RANK", "WORLD_SIZE", "LOCAL_RANK", "TORCHELASTIC_RUN_ID"} & os.environ.keys()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == expected
    assert leave_process_group() == Place(0, 1)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
