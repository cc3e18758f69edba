"""The machine that the measurements are made on; `python -m emotion.runtime.machine` describes it."""

import os
import platform
from importlib.metadata import distributions
from pathlib import Path

INSTRUCTIONS = {  # from the widest to the narrowest
    "amx_bf16": "AMX",
    "avx512_bf16": "AVX-512 BF16",
    "avx512f": "AVX-512",
    "avx2": "AVX2",
}
CPUINFO = Path("/proc/cpuinfo")  # on Linux alone
PACKAGES = ("numpy", "pandas", "great-expectations", "keras", "tensorflow", "tensorflow-cpu", "dvc")


def describe() -> str:
    """Return the processor, the memory, the system and the versions as a Markdown list."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    installed = {found.name.replace("_", "-"): found.version for found in distributions()}
    versions = [f"{name} {installed[name]}" for name in PACKAGES if name in installed]
    return "\n".join(
        [
            f"- processor: {_cpu('model name') or platform.processor()}, {os.cpu_count()} cores",
            f"- bfloat16 instructions (AVX-512 BF16 or AMX): {bfloat16()}",
            f"- memory: {memory / 1e9:.0f} GB",
            f"- system: {platform.system()}, {platform.machine()}",
            f"- versions: Python {platform.python_version()}, {', '.join(versions)}",
        ]
    )


def hardware() -> str:
    """Return what Keras trains on: a GPU's name, or the processor with its widest matrix instructions.

    Of a process that is held to some of the cores, as an experiment on a cluster is: "2 of 64 cores of ...".
    Their number stands before it where JAX has several, of this machine or of those that train together
    (docs/devices.md): "2 × NVIDIA H100, with JAX". The other machines are taken to be like this one.
    """
    if os.environ.get("KERAS_BACKEND") != "jax":
        return _processor()
    gpu, here = _gpus()
    number = here * int(os.environ.get("KERAS_DISTRIBUTION_NUM_PROCESSES", 1))
    return f"{f'{number} × ' if number > 1 else ''}{gpu or _processor()}, with JAX"


def _processor() -> str:
    cores = str(os.cpu_count())
    held_to = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()  # Linux
    if held_to != os.cpu_count():
        cores = f"{held_to} of {cores}"
    name = f"{cores} cores of {_cpu('model name') or platform.processor() or 'unknown'}"
    return ", ".join(filter(None, [name, instructions()]))


def instructions() -> str:
    """Return the widest matrix instructions of the processor, '' if none of INSTRUCTIONS is known of it.

    Another set of them adds up in another order, so that a training ends in other weights.
    """
    flags = set(_cpu("flags").split())
    return next((words for flag, words in INSTRUCTIONS.items() if flag in flags), "")


def bfloat16() -> str:
    """Tell whether the processor has instructions for bfloat16: yes, no, or unknown."""
    flags = set(_cpu("flags").split())
    if not flags:
        return "unknown"
    return "yes" if flags & {"avx512_bf16", "amx_bf16"} else "no"


def _gpus() -> tuple[str, int]:
    """Return the name of the accelerators that JAX uses here, and how many; without one '', 1."""
    import jax  # here, because nothing else of this module needs it

    devices = jax.local_devices()
    return ("", 1) if devices[0].platform == "cpu" else (str(devices[0].device_kind), len(devices))


def _cpu(key: str) -> str:
    """Return what /proc/cpuinfo says of the first core under `key`; '' where it says nothing."""
    lines = CPUINFO.read_text(encoding="utf-8").splitlines() if CPUINFO.exists() else []
    values = (line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == key)
    return next(values, "")


if __name__ == "__main__":
    print(describe())
