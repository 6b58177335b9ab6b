"""What Rasa's environment has to say, whoever starts it: no telemetry, no word of a resident logged, cores shared."""

from __future__ import annotations

from pathlib import Path

_BLAS_CORES = (("SkylakeX", {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}), ("Haswell", {"avx2", "fma"}))
"""OpenBLAS' names for kinds of processors, the fastest first, and what each needs."""

PARENT = "ENLACE_PARENT"
"""The variable with the process id of the app, where that is who started Rasa."""
FIXED = {
    "RASA_TELEMETRY_ENABLED": "false",
    # Below WARNING Rasa logs what residents write.
    "LOG_LEVEL": "ERROR",
    "LOG_LEVEL_LIBRARIES": "ERROR",
    "LOG_LEVEL_RASA_PLUS": "ERROR",
    "SANIC_BACKLOG": "100",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "1",
    # Action calls stay on this machine: packing them costs more than sending them.
    "COMPRESS_ACTION_SERVER_REQUEST": "false",
    # A cached feature would be one of another encoder.
    "RASA_MAX_CACHE_SIZE": "0",
}
"""Set before Rasa is imported."""


def blas_core(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """What makes Rasa's NumPy as fast as this processor is.

    Its OpenBLAS, of 2022, takes what is newer for a processor of 2004, and is four times as slow.
    """
    try:
        lines = cpuinfo.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:  # not Linux
        return {}
    can = {flag for line in lines if line.startswith("flags") for flag in line.split()}
    return next(({"OPENBLAS_CORETYPE": name} for name, needs in _BLAS_CORES if needs <= can), {})
