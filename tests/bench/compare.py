"""Times libpflow and PyTorch in turn on the same jobs; see compare.sh for its options."""
import argparse
import json
import math
import os
import platform
import sys

import report as tables
from jobs import BY_NAME, JOBS
from runner import PEER, Failed, Progress, Sides, environment, first_line, measure, provenance, \
    run

CORETYPES = ('Haswell', 'Zen', 'SkylakeX', 'Cooperlake', 'Sapphirerapids')


# ---- what is said about the run ----

def processor():
    with open('/proc/cpuinfo') as file:
        names = [line.split(':', 1)[1].strip() for line in file
                 if line.startswith(('model name', 'CPU part'))]
    return names[0] if names else platform.machine()


def machine():
    with open('/proc/meminfo') as file:
        kib = int(file.readline().split()[1])
    return {'processor': processor(), 'processors': len(os.sched_getaffinity(0)),
            'memory_gib': kib / 2 ** 20, 'kernel': platform.release()}


def versions(build, with_peer):
    made = {'python': platform.python_version(), 'compiler': first_line(['cc', '--version']),
            'libpflow': first_line([os.path.join(build, 'bin', 'cifar10'), '--version']).split()[-1]}
    if with_peer:
        out, _ = run([PEER[0], '-c', 'import torch; print(torch.__version__)'], os.environ)
        made['torch'] = out
        made['blas'] = os.path.realpath('/etc/alternatives/libblas.so.3-%s-linux-gnu'
                                        % platform.machine())
    return made


def peaks(options):
    command = [os.path.join(options.build, 'bin', 'bench_peak')]
    out, _ = run(command + (['1', '1'] if options.tiny else []), environment(options.threads))
    level, *lines = out.splitlines()
    made = {}
    for line in lines:
        count, gflops, read = line.split()
        made[count] = {'gflops': float(gflops), 'read_gbs': float(read)}
    return level, made


def best_blas(threads, progress):
    """The kernel set of OpenBLAS that makes the peer's products fastest and right."""
    tried = []
    given = os.environ.get('OPENBLAS_CORETYPE')
    for coretype in dict.fromkeys([given, None] + list(CORETYPES)):
        name = coretype or 'not set'
        progress.say('BLAS of the peer: ' + name)
        env = environment(threads, OPENBLAS_CORETYPE=coretype)
        try:
            least = min((measure(PEER + ['blas'], env) for _ in range(2)),
                        key=lambda each: each['seconds'])
            tried.append({'coretype': name, 'seconds': least['seconds'], 'value': coretype,
                          'result': '%.1f ms, %s' % (1e3 * least['seconds'],
                                                     least['notes'].splitlines()[-1])})
        except Failed as failed:
            tried.append({'coretype': name, 'result': str(failed).splitlines()[-2]})
    usable = [each for each in tried if 'seconds' in each]
    if not usable:
        raise Failed('no kernel set of the BLAS works for PyTorch')
    best = min(usable, key=lambda each: each['seconds'])
    best['used'] = True
    return tried, {'OPENBLAS_CORETYPE': best['value']}


def best_settings(jobs, threads, blas, progress):
    """What else makes the peer faster at some jobs: its loops at AVX-512, threads that wait
    asleep."""
    wider, asleep = {'ATEN_CPU_CAPABILITY': 'avx512'}, {'OMP_WAIT_POLICY': 'passive'}
    with open('/proc/cpuinfo') as file:
        wide = [wider, {**wider, **asleep}] if 'avx512f' in file.read() else []
    tried = []
    for settings in [{}, asleep] + wide:
        text = ' '.join('='.join(each) for each in settings.items()) or 'nothing more'
        progress.say('settings of the peer: ' + text)
        env = environment(threads, **blas, **settings)
        seconds = [min(measure(PEER + words, env)['seconds'] for _ in range(2))
                   for words in jobs.values()]
        tried.append({'text': text, 'settings': settings, 'jobs': list(jobs),
                      'seconds': seconds})
    best = min(tried, key=lambda each: math.prod(each['seconds']))
    best['used'] = True
    return tried, dict(blas, **best['settings'])


def best_of_parts(report, options, progress):
    """The environment that makes the peer fastest, for each part of the report that is
    measured."""
    report['blas'], blas = best_blas(options.threads, progress)
    parts = {job.part for job in options.jobs}
    tried, best = {}, {}
    if 'jobs' in parts:
        tried['jobs'], best['jobs'] = best_settings(
            {'train step': ['train_step', 'repeats=1'],
             'exact field': ['exact_field', 'queries=500']}, options.threads, blas, progress)
    if 'map' in parts:
        files = Sides(options.build, {}, True).fill(BY_NAME['map_network'], {})
        tried['map'], best['map'] = best_settings(
            {'Euler steps': ['map_euler', 'map=' + files['map'], 'x=' + files['x'],
                             'rows=10000', 'steps=20']}, options.threads, blas, progress)
    report['settings'] = [each for part in tried.values() for each in part]
    return best


# ---- what is measured ----

def compare(job, sides, options, progress, plain):
    """Rounds of a job, libpflow and the peer's forms in turn; what is not in the set `plain`
    also in a plain environment."""
    peers = job.peers if options.peer else []
    entry = {'name': job.name, 'sizes': job.sizes, 'peers': peers,
             'threads': options.threads, 'rounds': [], 'plain': {}}
    rounds = min(options.rounds, job.rounds or options.rounds)
    for turn in range(rounds):
        progress.say('%s, round %d of %d' % (job.title, turn + 1, rounds))
        results = {'ours': sides.ours(job, {}, options.threads)}
        for peer in peers:
            results[peer] = sides.theirs(job, peer, {}, options.threads)
        entry['rounds'].append(results)
    for peer in peers:
        if peer in plain:
            continue
        plain.add(peer)
        progress.say('%s, the peer in a plain environment' % job.title)
        entry['plain'][peer] = sides.theirs(job, peer, {}, options.threads, plain=True)
    return entry


def compare_tiny(sides, options):
    """One round of all jobs at their tiny sizes: shows that everything runs, no more."""
    theirs = sides.all_theirs(options.jobs, options.threads) if options.peer else {}
    return [{'name': job.name, 'sizes': job.tiny, 'threads': options.threads, 'plain': {},
             'peers': job.peers if options.peer else [],
             'rounds': [dict(theirs, ours=sides.ours(job, job.tiny, options.threads))]}
            for job in options.jobs]


def grow(job, sides, options, progress):
    """The job at each value of each of its axes, once a side."""
    for axis, values in job.axes.items():
        if options.tiny:
            values = (job.tiny[axis], 2 * job.tiny[axis])
        for value in values:
            progress.say('%s, %s %d' % (job.title, axis, value))
            sizes = dict(job.tiny if options.tiny else {}, **{axis: value})
            point = {'name': job.name, 'axis': axis, 'value': value,
                     'ours': sides.ours(job, sizes, options.threads)}
            if options.peer and job.peers:
                point['peer'] = sides.theirs(job, job.peers[-1], sizes, options.threads)
            yield point


def more_threads(job, sides, options, progress):
    """Rounds of one thread and of all of them in turn."""
    entry = {'name': job.name, 'threads': options.threads, 'rounds': []}
    sizes = job.tiny if options.tiny else {}
    for turn in range(options.rounds):
        progress.say('%s, one thread against %d, round %d of %d'
                     % (job.title, options.threads, turn + 1, options.rounds))
        entry['rounds'].append({'1': sides.ours(job, sizes, 1)['seconds'],
                                'all': sides.ours(job, sizes, options.threads)['seconds']})
    return entry


def two_callers(sides, options, progress):
    """Two threads of the caller's own at a time, against the same work in turn."""
    turns = []
    for _ in range(options.rounds):
        progress.say('two callers at a time')
        command = [os.path.join(sides.build, 'bin', 'bench_callers')]
        out, _ = run(command + (['1'] if options.tiny else []), environment(options.threads))
        apart, together = (float(word) for word in out.split())
        turns.append({'apart': apart, 'together': together})
    return turns


def draw(points, sides, path):
    """The picture of the cost's growth."""
    lines = ['%s\t%s\t%s\t%g\t%g' % (BY_NAME[point['name']].title, point['axis'], side,
                                    point['value'], point[key]['seconds'])
             for point in points
             for key, side in (('ours', 'libpflow'), ('peer', 'PyTorch')) if key in point]
    table = os.path.join(sides.data.folder, 'scaling.txt')
    with open(table, 'w') as file:
        file.write('\n'.join(lines) + '\n')
    run([os.path.join(sides.build, 'bin', 'plot_scaling'), table, path], os.environ)


# ---- the program ----

def parse(argv):
    parser = argparse.ArgumentParser(prog='compare.sh', description=__doc__)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--jobs', help='names, with commas between them, maps for all whose '
                        'names begin with map; default: all of ' + ' '.join(BY_NAME))
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--json', help='default: BUILD/bench/compare.json')
    parser.add_argument('--build', default='build', help='folder of the built tree')
    parser.add_argument('--scale', action='store_true',
                        help='instead: how the cost grows with the sizes')
    parser.add_argument('--plot', default='docs/scaling.png', help='picture of --scale')
    parser.add_argument('--threads-scaling', action='store_true',
                        help='instead: one thread against all, and two callers at a time')
    parser.add_argument('--no-peer', dest='peer', action='store_false',
                        help='libpflow alone')
    parser.add_argument('--tiny', action='store_true', help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    names = options.jobs.split(',') if options.jobs else list(BY_NAME)
    if 'maps' in names:
        names += [job.name for job in JOBS if job.part == 'map']
        names.remove('maps')
    unknown = [name for name in names if name not in BY_NAME]
    if unknown or options.rounds < 1 or options.threads < 1:
        parser.error('no job %s' % unknown[0] if unknown else 'wants 1 or more rounds, threads')
    options.jobs = [job for job in JOBS if job.name in names]
    options.json = options.json or os.path.join(options.build, 'bench', 'compare.json')
    return options


def load(path):
    """What earlier runs left in the file: each kind of run replaces its own part."""
    if os.path.exists(path):
        with open(path) as file:
            return json.load(file)
    return {}


def save(report, path):
    with open(path + '.part', 'w') as file:
        json.dump(report, file, indent=1)
        file.write('\n')
    os.replace(path + '.part', path)


def describe(report, options, progress):
    report.update({
        'machine': machine(), 'versions': versions(options.build, options.peer),
        'environment': {name: value for name, value in os.environ.items()
                        if name.startswith(('OPENBLAS', 'OMP', 'MALLOC', 'PFLOW', 'GLIBC'))}})
    progress.say('peak of the machine')
    report['machine']['level'], report['peak'] = peaks(options)


def collect(report, part, entries, options):
    """Keeps each entry of a part as it comes, so that an interrupted run leaves the others;
    beside them, what was measured."""
    report.setdefault('about', {})[part] = dict(
        provenance(), peak=report['peak'][max(report['peak'], key=int)]['gflops'])
    report[part] = []
    for entry in entries:
        report[part].append(entry)
        save(report, options.json)


def measure_all(report, options, progress):
    """The parts of the report that this run makes; names of their tables."""
    settings = {}
    if options.peer and not (options.threads_scaling or options.tiny):
        settings = best_of_parts(report, options, progress)
    sides = Sides(options.build, settings, options.peer)
    if options.scale:
        collect(report, 'scale', (point for job in options.jobs
                                  for point in grow(job, sides, options, progress)), options)
        draw(report['scale'], sides, options.plot)
        return ['scale']
    if options.threads_scaling:
        collect(report, 'threads', (more_threads(job, sides, options, progress)
                                    for job in options.jobs), options)
        report['callers'] = two_callers(sides, options, progress)
        return ['threads']
    names, plain = [], set()
    tiny = {entry['name']: entry for entry in compare_tiny(sides, options)} \
        if options.tiny else {}
    for part in ('jobs', 'map'):
        jobs = [job for job in options.jobs if job.part == part]
        if jobs:
            names.append(part)
            collect(report, part,
                    (tiny.get(job.name) or compare(job, sides, options, progress, plain)
                     for job in jobs), options)
    return names + ['plain'] if options.peer and not options.tiny else names


def main(argv):
    options = parse(argv)
    progress = Progress()
    os.makedirs(os.path.dirname(options.json) or '.', exist_ok=True)
    report = load(options.json)
    try:
        describe(report, options, progress)
        names = measure_all(report, options, progress)
    except Failed as failed:
        progress.done()
        sys.exit('compare: %s' % failed)
    progress.done()
    save(report, options.json)
    for name in ['machine'] + names:
        print(tables.text_of(report, name))
    print('every round: %s' % options.json)


if __name__ == '__main__':
    main(sys.argv[1:])
