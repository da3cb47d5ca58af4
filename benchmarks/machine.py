"""On what a figure was measured."""

import platform
from pathlib import Path


def processor_name() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":")[1] for line in lines if "model name" in line]
    return (names[0] if names else platform.processor() or platform.machine()).strip()
