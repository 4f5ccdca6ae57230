"""Tables of a comparison from the JSON that compare.py writes.

usage: report.py FILE.json               prints the tables
       report.py FILE.json PAGE.md       puts them between the page's markers

A marker is a line <!-- bench: NAME -->; what follows up to <!-- end --> is replaced by the
table of that name: machine, jobs, map, plain, threads, scale, experiment. A table that the
file does not have is left as it is.
"""
import json
import re
import sys
from statistics import median

from jobs import BY_NAME, PEER_TITLES


def time_text(seconds):
    if seconds >= 100:
        return '%.1f s' % seconds
    return '%.2f s' % seconds if seconds >= 1 else '%.2f ms' % (1e3 * seconds)


def spread(values):
    """Median, least and largest of several ratios."""
    digits = 2 if max(values) < 100 else 1 if max(values) < 1000 else 0
    return '%.*f (%.*f to %.*f)' % (digits, median(values), digits, min(values), digits,
                                    max(values))


def most_mib(results):
    return '%.0f' % max(result['mib'] for result in results)


def origin(report, part):
    about = report['about'][part]
    return ['commit %s, %s, peak then %.0f GFLOP/s' % (about['commit'], about['date'],
                                                      about['peak'])]


# ---- one table each ----

def machine_table(report):
    machine, peak = report['machine'], report['peak']
    lines = ['%s, %d processors, %.0f GiB, Linux %s'
             % (machine['processor'], machine['processors'], machine['memory_gib'],
                machine['kernel']),
             'libpflow %s, level %s' % (report['versions']['libpflow'], machine['level']),
             'built with %s' % report['versions']['compiler'],
             'PyTorch %s, Python %s, BLAS %s'
             % (report['versions'].get('torch', '-'), report['versions']['python'],
                report['versions'].get('blas', '-'))]
    for threads, each in sorted(peak.items(), key=lambda item: int(item[0])):
        lines.append('peak measured with %s thread%s: %.0f GFLOP/s (float32 FMA), reads '
                     '%.1f GB/s' % (threads, '' if threads == '1' else 's', each['gflops'],
                                    each['read_gbs']))
    for each in report.get('blas', []):
        lines.append('OPENBLAS_CORETYPE %-14s %s%s'
                     % (each['coretype'], each['result'],
                        '  (used for PyTorch)' if each.get('used') else ''))
    for each in report.get('settings', []):
        times = ['%s %s' % (job, time_text(seconds))
                 for job, seconds in zip(each['jobs'], each['seconds'])]
        lines.append('%s: %s%s' % (each['text'], ', '.join(times),
                                   '  (used for PyTorch)' if each.get('used') else ''))
    return lines


def job_lines(entry, peak):
    """A line for each of the peer's forms of one job."""
    title = BY_NAME[entry['name']].title
    ours = [turn['ours'] for turn in entry['rounds']]
    seconds = median([each['seconds'] for each in ours])
    gflops = ours[0]['gflop'] / seconds
    rate = '%8.1f %5.0f %%' % (gflops, 100 * gflops / peak) if gflops else '%8s %7s' % ('', '')
    for peer in entry['peers'] or [None]:
        if peer is None:
            yield '%-26s%10s%10s  %-21s%s%7s%7s' % (title, time_text(seconds), '', '', rate,
                                                 most_mib(ours), '')
            continue
        theirs = [turn[peer] for turn in entry['rounds']]
        ratios = [b['seconds'] / a['seconds'] for a, b in zip(ours, theirs)]
        yield '%-26s%10s%10s  %-21s%s%7s%7s' % (
            '%s, %s' % (title, PEER_TITLES[peer]), time_text(seconds),
            time_text(median([each['seconds'] for each in theirs])), spread(ratios), rate,
            most_mib(ours), most_mib(theirs))


def jobs_table(report):
    if not report.get('jobs'):
        return []
    peak = report['about']['jobs']['peak']
    lines = origin(report, 'jobs') + ['%-26s%10s%10s  %-21s%8s %7s%7s%7s' % ('job, form of the peer', 'libpflow',
                                                 'PyTorch', 'ratio (least to most)',
                                                 'GFLOP/s', 'of peak', 'MiB', 'MiB')]
    for entry in report['jobs']:
        lines += job_lines(entry, peak)
    return lines


def error_in(results):
    """What a side's notes say of its error, or a dash."""
    found = re.search(r'^error (\S+)', results.get('notes', ''), flags=re.M)
    return found.group(1) if found else '-'


def target_text(target, seconds, ratio):
    """What a job is to reach, and whether it does."""
    if not target:
        return ''
    if 'seconds' in target:
        most = target['seconds']
        return '< %s %s' % ('%g s' % most if most >= 1 else '%g ms' % (1e3 * most),
                            'yes' if seconds < most else 'NO')
    if ratio is None:
        return '%gx' % target['ratio']
    return '%gx %s' % (target['ratio'], 'yes' if ratio >= target['ratio'] else 'NO')


map_line = '%-29s%9s%9s  %-21s %-11s%8s%8s'


def map_lines(entry):
    job = BY_NAME[entry['name']]
    ours = [turn['ours'] for turn in entry['rounds']]
    seconds = median([each['seconds'] for each in ours])
    for peer in entry['peers'] or [None]:
        if peer is None:
            yield map_line % (job.title, time_text(seconds), '', '',
                              target_text(job.target, seconds, None), error_in(ours[0]), '')
            continue
        theirs = [turn[peer] for turn in entry['rounds']]
        ratios = [b['seconds'] / a['seconds'] for a, b in zip(ours, theirs)]
        yield map_line % (
            '%s, %s' % (job.title, PEER_TITLES[peer]), time_text(seconds),
            time_text(median([each['seconds'] for each in theirs])), spread(ratios),
            target_text(job.target, seconds, median(ratios)), error_in(ours[0]),
            error_in(theirs[0]))


def map_table(report):
    if not report.get('map'):
        return []
    lines = origin(report, 'map') + [map_line % ('job, form of the peer', 'libpflow', 'PyTorch',
                                                 'ratio (least to most)', 'target', 'error',
                                                 'PyTorch')]
    for entry in report['map']:
        lines += map_lines(entry)
    return lines


def plain_table(report):
    """The jobs, and those of maps, with the peer as it is when nobody tunes it."""
    lines = []
    for part in ('jobs', 'map'):
        entries = [entry for entry in report.get(part, []) if entry.get('plain')]
        if entries:
            lines += origin(report, part) + plain_lines(entries)
    return lines


def plain_lines(entries):
    lines = ['%-32s%10s%7s  %s' % ('job, form of the peer', 'PyTorch', 'MiB',
                                   'ratio to libpflow')]
    for entry in entries:
        seconds = median([turn['ours']['seconds'] for turn in entry['rounds']])
        for peer, plain in entry.get('plain', {}).items():
            name = '%s, %s' % (BY_NAME[entry['name']].title, PEER_TITLES[peer])
            lines.append('%-32s%10s%7.0f  %.2f' % (name, time_text(plain['seconds']),
                                                   plain['mib'], plain['seconds'] / seconds))
    return lines


def threads_table(report):
    lines = []
    if report.get('threads'):
        lines = origin(report, 'threads')
        lines.append('%-26s%10s%10s  %s' % ('job', '1 thread', '%d threads' %
                                            report['threads'][0]['threads'],
                                            'ratio (least to most)'))
    for entry in report.get('threads', []):
        one = [turn['1'] for turn in entry['rounds']]
        all_ = [turn['all'] for turn in entry['rounds']]
        lines.append('%-26s%10s%10s  %s' % (
            BY_NAME[entry['name']].title, time_text(median(one)), time_text(median(all_)),
            spread([a / b for a, b in zip(one, all_)])))
    if report.get('callers'):
        ratios = [turn['apart'] / turn['together'] for turn in report['callers']]
        lines.append('two callers at a time against one after the other: %s times as fast'
                     % spread(ratios))
    return lines


def scale_table(report):
    if not report.get('scale'):
        return []
    lines = origin(report, 'scale')
    lines += ['%-26s%10s%12s%12s%9s' % ('job', '', 'libpflow', 'PyTorch', 'ratio')]
    for point in report.get('scale', []):
        ours, theirs = point['ours']['seconds'], point.get('peer', {}).get('seconds')
        lines.append('%-26s%10s%12s%12s%9s' % (
            '%s, %s' % (BY_NAME[point['name']].title, point['axis']), point['value'],
            time_text(ours), time_text(theirs) if theirs else '',
            '%.2f' % (theirs / ours) if theirs else ''))
    return lines


def experiment_table(report):
    made = report.get('experiment')
    if not made:
        return []
    return ['commit %s, %s, data %s' % (made['commit'], made['date'], made['data']),
            'one epoch %.1f s, its accuracy and checkpoint %.1f s, all that follows %.1f s'
            % (made['epoch'], made['after_epoch'], made['rest']),
            'projected: 20 epochs and the rest in %.1f minutes' % made['minutes']]


TABLES = {'machine': machine_table, 'jobs': jobs_table, 'map': map_table, 'plain': plain_table,
          'threads': threads_table, 'scale': scale_table, 'experiment': experiment_table}


def text_of(report, name):
    return '\n'.join(line.rstrip() for line in TABLES[name](report)) + '\n'


def fill_page(report, page):
    with open(page) as file:
        text = file.read()

    def block(match):
        table = text_of(report, match.group(2))
        if not table.strip():
            return match.group(0)
        return '%s\n```\n%s```\n<!-- end -->' % (match.group(1), table)
    text = re.sub(r'(<!-- bench: (\w+) -->)\n.*?<!-- end -->', block, text, flags=re.S)
    with open(page, 'w') as file:
        file.write(text)


def main(argv):
    if len(argv) not in (1, 2):
        sys.exit(__doc__)
    with open(argv[0]) as file:
        report = json.load(file)
    if len(argv) == 2:
        fill_page(report, argv[1])
        return
    for name in TABLES:
        print(text_of(report, name))


if __name__ == '__main__':
    main(sys.argv[1:])
