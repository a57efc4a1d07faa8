"""CPU tuning: OpenMP and malloc settings that must be made before torch is imported; the processor's name."""

import contextlib
import os
import platform
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_RETURN_ABOVE = 256 << 10  # bytes: less than any decoded picture, more than a small response needs


def cpu_name() -> str:
    """Processor model and core count, such as "AMD EPYC, 2 cores"."""
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores"


def prepare_for_torch() -> None:
    """Apply settings that must precede the import of torch, unless the user has overridden them."""
    _spin_briefly()
    _keep_freed_memory()


def tune_for_serving() -> None:
    """Apply them for a process that computes only now and then: it returns unused memory to the system."""
    _spin_briefly()
    _tune_malloc(_RETURN_ABOVE, _RETURN_ABOVE)


def _spin_briefly() -> None:
    """Make waiting OpenMP threads spin for about 20 microseconds, then sleep.

    GNU's OpenMP spins for many milliseconds. That is a tenth faster on two idle cores; but next to one busy process,
    such as a browser that shows the page, a step then takes 110 to 480 ms, and with this setting 50 to 120 ms. With
    no spinning at all, steps are 40 % slower where waking up is slow.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def _keep_freed_memory() -> None:
    """Make the C library keep freed memory for the next step instead of returning it to the system.

    A step allocates and frees tens of MB. Whether glibc returns such blocks depends on their layout, and newly mapped
    memory causes page faults: steps of one network took 13 to 22 ms from run to run, and always 13 ms this way.
    """
    _tune_malloc(32 << 20, 1 << 30)  # mallopt accepts no larger threshold for mapping


def _tune_malloc(mmap_threshold: int, trim_threshold: int) -> None:
    """Map blocks above `mmap_threshold` bytes individually; keep `trim_threshold` free bytes at the heap's end."""
    if sys.platform != "linux" or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return
    with contextlib.suppress(ImportError, OSError, AttributeError):  # only glibc has mallopt
        import ctypes

        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, mmap_threshold)
        mallopt(_M_TRIM_THRESHOLD, trim_threshold)
