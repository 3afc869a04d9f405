"""What workers in Python share: the answers of programs/worker.h, and the inputs of programs/runnable.cpp."""

import json
import os
import sys
import time

import numpy as np

# Of floats. f64 where JAX is told so; constants are then those of f32 still, as in programs of Sylvite.
real = np.float64 if os.environ.get("JAX_ENABLE_X64") == "1" else np.float32


def lines(path):
    """The arrays that programs/lines.h wrote, which are those of f32."""
    with open(path, encoding="ascii") as file:
        return [np.array(line.split(), np.float32).astype(real) for line in file]


def noise(shape, low, high, seed, dtype=real):
    """Element i is the same in programs/runnable.cpp."""
    with np.errstate(over="ignore"):
        bits = np.arange(np.prod(shape, dtype=np.int64), dtype=np.uint32) * np.uint32(2654435761)
        bits += np.uint32(seed * 40503)
        bits = (bits ^ bits >> 16) * np.uint32(2246822519)
        bits = (bits ^ bits >> 13) * np.uint32(3266489917)
        bits ^= bits >> 16
    return (low + (high - low) * ((bits >> 8) * 2.0**-24)).astype(dtype).reshape(shape)


def memory_mb(name):
    with open("/proc/self/status", encoding="ascii") as status:
        return next(float(line.split()[1]) for line in status if line.startswith(name + ":")) / 1024


def serve(functions, outputs):
    """Answers commands: `functions` by their names, each of which returns a number; `save` writes the arrays that
    `outputs` returns."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
        peak.write("5")
    base = memory_mb("VmRSS")
    for line in sys.stdin:
        name, argument = line.split()
        if name == "save":
            for number, array in enumerate(outputs()):
                np.asarray(array).tofile(os.path.join(argument, str(number)))
            print("{}", flush=True)
            continue
        times = int(argument)
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(times):
            result = functions[name]()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        print(json.dumps({
            "cpu_ms": 1e3 * cpu / times,
            "wall_ms": 1e3 * wall / times,
            "result": float(np.asarray(result).ravel()[0]),
            "peak_mb": memory_mb("VmHWM") - base,
        }), flush=True)
