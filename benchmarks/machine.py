"""The machine that the measurements were made on.

python -m benchmarks.machine
"""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")  # on Linux alone
PACKAGES = ("numpy", "pandas", "keras", "tensorflow", "tensorflow-cpu", "great-expectations", "dvc")


def describe() -> str:
    """Return the processor, the memory, the system and the versions as a Markdown list."""
    lines = [
        f"processor: {_cpu('model name') or platform.processor() or platform.machine()}",
        f"cores: {os.cpu_count()}",
        f"bfloat16 instructions (AVX-512 BF16 or AMX): {bfloat16()}",
        f"memory: {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        f"system: {_system()}, {platform.machine()}",
        f"Python {platform.python_version()}; {', '.join(_versions())}",
    ]
    return "\n".join(f"- {line}" for line in lines)


def bfloat16() -> str:
    """Tell whether the processor has instructions for bfloat16: yes, no, or unknown."""
    flags = _cpu("flags").split()
    if not flags:
        return "unknown"
    return "yes" if {"avx512_bf16", "amx_bf16"} & set(flags) else "no"


def _cpu(key: str) -> str:
    """Return what /proc/cpuinfo says of the first core under `key`; '' where it says nothing."""
    if CPUINFO.exists():
        for line in CPUINFO.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return ""


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return f"{platform.system()} {platform.release()}"


def _versions() -> list[str]:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue  # of the two builds of TensorFlow one is installed
    return found


if __name__ == "__main__":
    print(describe())
