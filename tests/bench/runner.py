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
    """Files that both sides read, made once: clustered rows, and maps of them."""

    def __init__(self, build, with_peer):
        self.build, self.with_peer = build, with_peer
        self.folder = os.path.join(build, 'bench')
        os.makedirs(self.folder, exist_ok=True)

    def make(self, paths, name, *words):
        """Runs a program of ours that makes these files, where one is missing."""
        if not all(os.path.exists(path) for path in paths):
            run([os.path.join(self.build, 'bin', name)] + [str(word) for word in words],
                environment(len(os.sched_getaffinity(0))))

    def rows(self, sizes):
        n = sizes.get('rows') or sizes['queries'] + sizes['known']
        stem = os.path.join(self.folder, 'clusters_%d_%d' % (n, sizes['dim']))
        classes, flat = 10, []
        if 'intrinsic' in sizes:
            classes, flat = 40, [sizes['intrinsic']]
            stem += '_in_%d' % sizes['intrinsic']
        x, labels = stem + '.npy', stem + '_labels.npy'
        self.make([x, labels], 'bench_data', n, sizes['dim'], classes, x, labels, *flat)
        return {'x': x, 'labels': labels}

    def map(self, sizes, x):
        """A map of the rows x. A learned one comes with its field at some rows and, from
        the peer in double precision, the ends of its flow."""
        stem = '%s_%s' % (x[:-len('.npy')], sizes['field'])
        if sizes['field'] == 'exact':
            made = stem + '.safetensors'
            self.make([made], 'bench_map_make', 'exact', x, made)
            return {'map': made, 'probe': '-', 'ends': '-'}
        stem += '_%d' % sizes['training']
        made, probe, ends = (stem + end for end in ('.safetensors', '_probe.npy', '_ends.npy'))
        self.make([made, probe], 'bench_map_make', 'network', x, made, sizes['training'], probe)
        if not self.with_peer:
            return {'map': made, 'probe': probe, 'ends': '-'}
        if not os.path.exists(ends):
            run(PEER + ['map_ends', 'map=' + made, 'x=' + x, 'out=' + ends,
                        'rows=%d' % min(sizes['mapped'], 1000), 'steps=%d' % (5 * sizes['steps'])],
                environment(1))
        return {'map': made, 'probe': probe, 'ends': ends}


class Sides:
    """Both sides of a job at given sizes."""

    def __init__(self, build, settings, with_peer):
        self.build, self.settings, self.data = build, settings, Data(build, with_peer)

    def fill(self, job, sizes):
        filled = dict(job.sizes, bin=os.path.join(self.build, 'bin'), **sizes)
        if '{x}' in job.ours or '{map}' in job.ours:
            filled.update(self.data.rows(filled))
        if '{map}' in job.ours:
            filled.update(self.data.map(filled, filled['x']))
        return filled

    def ours(self, job, sizes, threads, **env):
        words = job.ours.format(**self.fill(job, sizes)).split()
        return measure([os.path.join(self.build, 'bin', words[0])] + words[1:],
                       environment(threads, **env))

    def theirs(self, job, peer, sizes, threads, plain=False):
        words = job.theirs.format(**self.fill(job, sizes)).split()
        env = environment(threads) if plain else environment(threads,
                                                                   **self.settings[job.part])
        return measure(PEER + (['--plain'] if plain else []) + [peer] + words, env)

    def all_theirs(self, jobs, threads):
        """Every form of every job at its tiny sizes, all in one process."""
        command = list(PEER)
        names = []
        for job in jobs:
            for peer in job.peers:
                if peer in names:
                    continue
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
