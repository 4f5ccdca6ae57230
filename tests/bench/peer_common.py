"""What the peer's jobs share: the clock, the peak memory, and the choice of the fastest form."""
import statistics
import sys
import time

peak = {}  # 'mib': of the last job, read before its results are checked


def note(text):
    print(text, file=sys.stderr)


def peak_mib():
    """Peak memory of this program alone: ru_maxrss also counts what was there before exec."""
    with open('/proc/self/status') as file:
        kib = [line.split()[1] for line in file if line.startswith('VmHWM:')]
    return int(kib[0]) / 1024


def seconds_of(run, prepare=None):
    if prepare:
        prepare()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def median_seconds(run, repeats, prepare=None):
    """The median of `repeats` runs after one that is not counted; the clock leaves out what
    prepare does before each."""
    seconds = [seconds_of(run, prepare) for _ in range(repeats + 1)][1:]
    peak['mib'] = peak_mib()
    return statistics.median(seconds)


def fastest(choices, run, what, prepare=None):
    """The choice with which run(choice) takes least time, the second of two runs of each."""
    taken = {}
    for choice in choices:
        for _ in range(2):
            taken[choice] = seconds_of(lambda: run(choice),
                                       prepare and (lambda: prepare(choice)))
    best = min(taken, key=taken.get)
    note('%s: %s' % (what, best))
    return best


def choose_adam(adam, step):
    """One call for all parameters or one for each; then whether step(set_to_none) is faster
    with gradients set to none, which it returns, or to zero."""
    group = adam.param_groups[0]

    def update(foreach):
        group['foreach'] = foreach
        adam.step()
    step(False)
    group['foreach'] = fastest((False, True), update, 'Adam foreach')
    return fastest((False, True), step, 'gradients set to none')
