"""Runs the programs of both sides and reads what they print."""
import datetime
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = ['/usr/bin/python3', os.path.join(HERE, 'peer.py')]


class Failed(Exception):
    pass


def first_line(command):
    """What a program prints first, or a dash."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return '-'
    return (done.stdout.splitlines() or ['-'])[0]


def provenance():
    """When and from which state of the tree figures come."""
    return {'date': datetime.date.today().isoformat(),
            'commit': first_line(['git', 'describe', '--always', '--dirty'])}


def environment(threads, **more):
    """The caller's environment with the same number of threads for everything."""
    made = dict(os.environ, PFLOW_THREADS=str(threads), OMP_NUM_THREADS=str(threads),
                OPENBLAS_NUM_THREADS=str(threads))
    for name, value in more.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = value
    return made


def run(command, env):
    """Standard output and error of a program that must succeed."""
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True)
    except FileNotFoundError:
        raise Failed('%s is missing: build the project first' % command[0]) from None
    if done.returncode != 0:
        raise Failed('%s\n%sended with status %d'
                     % (' '.join(command), done.stderr, done.returncode))
    return done.stdout.strip(), done.stderr.strip()


def numbers(line, command):
    """What a job printed: seconds, GFLOP, peak MiB."""
    try:
        seconds, gflop, mib = (float(word) for word in line.split())
    except ValueError:
        raise Failed('%s printed no "SECONDS GFLOP MIB": %s' % (' '.join(command), line)) \
            from None
    return {'seconds': seconds, 'gflop': gflop, 'mib': mib}


def measure(command, env):
    """The numbers of a job's last line, and its notes."""
    out, notes = run(command, env)
    return dict(numbers((out.splitlines() or [''])[-1], command), notes=notes)


class Data:
    """Files of clustered rows that both sides read, made once."""

    def __init__(self, build):
        self.build = build
        self.folder = os.path.join(build, 'bench')
        os.makedirs(self.folder, exist_ok=True)

    def files(self, sizes):
        n = sizes.get('rows') or sizes['queries'] + sizes['known']
        stem = os.path.join(self.folder, 'clusters_%d_%d' % (n, sizes['dim']))
        x, labels = stem + '.npy', stem + '_labels.npy'
        if not (os.path.exists(x) and os.path.exists(labels)):
            run([os.path.join(self.build, 'bin', 'bench_data'), str(n), str(sizes['dim']),
                 '10', x, labels], environment(1))
        return {'x': x, 'labels': labels}


class Sides:
    """Both sides of a job at given sizes."""

    def __init__(self, build, blas):
        self.build, self.blas, self.data = build, blas, Data(build)

    def fill(self, job, sizes):
        filled = dict(job.sizes, **sizes)
        if '{x}' in job.ours:
            filled.update(self.data.files(filled))
        return filled

    def ours(self, job, sizes, threads, **env):
        words = job.ours.format(**self.fill(job, sizes)).split()
        return measure([os.path.join(self.build, 'bin', words[0])] + words[1:],
                       environment(threads, **env))

    def theirs(self, job, peer, sizes, threads, plain=False):
        words = job.theirs.format(**self.fill(job, sizes)).split()
        env = environment(threads) if plain else environment(threads, **self.blas)
        return measure(PEER + (['--plain'] if plain else []) + [peer] + words, env)

    def all_theirs(self, jobs, threads):
        """Every form of every job at its tiny sizes, all in one process."""
        command = list(PEER)
        names = []
        for job in jobs:
            for peer in job.peers:
                names.append(peer)
                command += ['+'] * (len(names) > 1) + [peer] + \
                    job.theirs.format(**self.fill(job, job.tiny)).split()
        out, _ = run(command, environment(threads))
        return {name: numbers(line, command) for name, line in zip(names, out.splitlines())}


class Progress:
    """A line on the terminal that says what is under way; nothing elsewhere."""

    def __init__(self):
        self.shown = sys.stderr.isatty()

    def say(self, text):
        if self.shown:
            sys.stderr.write('\r\033[K' + text[:79])
            sys.stderr.flush()

    def done(self):
        self.say('')
