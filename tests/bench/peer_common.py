"""What the peer's jobs share: the clock, notes, and the choice of the fastest form."""
import statistics
import sys
import time


def note(text):
    print(text, file=sys.stderr)


def seconds_of(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def median_seconds(run, repeats):
    """The median of `repeats` runs after one that is not counted."""
    run()
    return statistics.median(seconds_of(run) for _ in range(repeats))


def fastest(choices, run, what):
    """The choice with which run(choice) takes least time, the second of two runs of each."""
    taken = {}
    for choice in choices:
        run(choice)
        taken[choice] = seconds_of(lambda: run(choice))
    best = min(taken, key=taken.get)
    note('%s: %s' % (what, best))
    return best


def choose_adam(adam):
    """One call for all parameters or one for each; gradients are there."""
    group = adam.param_groups[0]

    def step(foreach):
        group['foreach'] = foreach
        adam.step()
    group['foreach'] = fastest((False, True), step, 'Adam foreach')
