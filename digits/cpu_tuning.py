"""CPU tuning: OpenMP and malloc settings that must be made before torch is imported; the processor's name."""

import contextlib
import os
import platform
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_HANDED_BACK = 256 << 10  # bytes: every picture, and nothing that a small answer needs


def cpu_name() -> str:
    """Such as "AMD EPYC, 2 cores"."""
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores"


def prepare_for_torch() -> None:
    """Settings of this process that must stand before torch is imported, unless the user has decided otherwise."""
    _spin_briefly()
    _keep_freed_memory()


def tune_for_serving() -> None:
    """The same for a process that computes now and then: it hands back to the system what it does not need."""
    _spin_briefly()
    _tune_malloc(_HANDED_BACK, _HANDED_BACK)


def _spin_briefly() -> None:
    """Let threads that wait for each other spin for some 20 microseconds, then sleep.

    GNU's OpenMP spins for many milliseconds. On two free cores that gains a tenth, but beside one busy neighbor, such
    as a browser that shows the page, a step takes 110 to 480 ms; so it takes 50 to 120. To sleep at once costs 0.4
    times a step more where waking is slow.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def _keep_freed_memory() -> None:
    """Let the C library keep what was freed for the next step, instead of handing it back to the system.

    A step frees and takes some tens of MB. GNU's C library hands such blocks back, or not, as they happen to lie, and
    newly mapped memory comes page by page: steps of one network took 13 to 22 ms from run to run; this way always 13.
    """
    _tune_malloc(32 << 20, 1 << 30)  # the most it takes: smaller blocks come from the heap


def _tune_malloc(from_the_system: int, kept: int) -> None:
    """Map blocks above this size individually, and keep this many free bytes at the end of the heap."""
    if sys.platform != "linux" or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return
    with contextlib.suppress(ImportError, OSError, AttributeError):  # another C library has no mallopt
        import ctypes

        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, from_the_system)
        mallopt(_M_TRIM_THRESHOLD, kept)
