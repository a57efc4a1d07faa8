"""The processor: what it is called, and how threads share it. Knows no torch."""

import os
import platform


def name() -> str:
    """Such as "AMD EPYC, 2 cores"."""
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores"


def stay_on_one_core() -> None:
    """Keep this thread, and all that it starts, on one core, where the system lets it: for a process that only serves.

    Python runs one thread at a time, so other cores only pass its lock to and fro. With 50 connections on two cores
    that costs three quarters of the speed: 4,400 answers a second, and 15,800 on one core. A thread that computes in
    such a process takes its cores back first.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})


def spin_briefly() -> None:
    """Let threads that wait for each other spin for some microseconds only, then sleep, unless the user has decided.

    To be called before torch is imported. GNU's OpenMP spins for many milliseconds. On two free cores that gains
    nothing measurable (10 ms a step either way), but beside one busy neighbour, such as a browser that shows the
    page, a step takes 480 ms; so it takes 50.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
