"""Jobs that several processes share: each takes one that nobody holds, and none is done twice.

A job is held by a lock on a file, which the operating system takes back from a process that is killed; so a command
can be started again at any time, or a second time beside the first.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from filelock import FileLock, Timeout

_PROCESS_GROUP = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "ROLE_RANK", "ROLE_WORLD_SIZE")


class Job(Protocol):
    """One piece of work with a folder of its own."""

    @property
    def folder(self) -> Path:
        """Where its outputs lie."""
        ...

    def finished(self) -> bool:
        """Whether it was done, by this process or any other, now or earlier."""
        ...

    def run(self) -> None:
        """Do it, or go on with it after an interruption."""
        ...


class Place(NamedTuple):
    """This process among those that a launcher started: `rank` of `size`."""

    rank: int
    size: int


def leave_process_group() -> Place:
    """Take this process out of the group that `accelerate launch` or torchrun put it in.

    Jobs are independent of each other, so each process trains alone, on the GPU that the launcher meant for it, and
    the gradients of two folds never meet. To be called before anything sets up torch.distributed or CUDA.

    Returns:
        its place among the processes of the launcher, (0, 1) if there was none.
    """
    place = Place(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))
    if place.size > 1:
        local = int(os.environ.get("LOCAL_RANK", place.rank))
        visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
        if local < len(visible):
            os.environ["CUDA_VISIBLE_DEVICES"] = visible[local]
        elif not visible:
            os.environ["CUDA_VISIBLE_DEVICES"] = str(local)
    for name in [*_PROCESS_GROUP, *(name for name in os.environ if name.startswith("TORCHELASTIC_"))]:
        os.environ.pop(name, None)
    return place


def end_with_parent() -> None:
    """Let this process, one that multiprocessing started, end as soon as the one that started it has ended, however
    that came about: nobody waits for its work any more, and what it holds can be taken up again.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def take_part(jobs: Sequence[Job]) -> None:
    """Run the jobs that are neither finished nor held by another process, in order.

    Args:
        jobs: all jobs.
    """
    for job in jobs:
        _hold_and_run(job, timeout=0)


def finish(jobs: Sequence[Job], waiting: Callable[[Job], None] = lambda job: None) -> None:
    """Wait for the jobs that others hold, and run those that they gave up.

    Args:
        jobs: all jobs.
        waiting: called with a job that another process holds, before waiting for it.
    """
    for job in jobs:
        if not _hold_and_run(job, timeout=0):
            waiting(job)
            _hold_and_run(job, timeout=-1)


def _hold_and_run(job: Job, timeout: float) -> bool:
    """Run a job unless it is finished; False if another process holds it."""
    if job.finished():
        return True
    job.folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(job.folder / ".lock", timeout=timeout):
            if not job.finished():
                job.run()
    except Timeout:
        return False
    return True
