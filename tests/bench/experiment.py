"""Projects the minutes of the post's experiment from a run with one epoch.

usage: experiment.py [--build DIR] [--data DIR] [--images N] [--json FILE]

Runs build/bin/cifar10 --preset post with one epoch and all that follows it (features, field,
flow, refits, pictures), in full, and adds 19 epochs like the first, with what the program does
after each (accuracy on the test images, checkpoint). --images: fewer train images for a quick
look; what depends on them is then taken to grow in proportion. Default data: synthetic images
of the same number and size.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

from runner import provenance

EPOCHS, IMAGES, TEST_IMAGES = 20, 50000, 10000


def timed_run(command):
    """Seconds from the start to each line that the program prints, and to its end."""
    start, times = time.monotonic(), {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        for line in program.stdout:
            times.setdefault(line.split()[0] if line.split() else '', time.monotonic() - start)
            if sys.stderr.isatty():
                sys.stderr.write(line)
    if program.returncode != 0:
        sys.exit('experiment: %s ended with status %d' % (command[0], program.returncode))
    return times, time.monotonic() - start


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--data', default='synthetic')
    parser.add_argument('--images', type=int, default=IMAGES)
    parser.add_argument('--json', help='adds the projection to the report of compare.sh')
    options = parser.parse_args(argv)
    scale = IMAGES / options.images
    with tempfile.TemporaryDirectory() as folder:
        times, whole = timed_run([
            os.path.join(options.build, 'bin', 'cifar10'), '--preset', 'post', '--epochs', '1',
            '--data', options.data, '--train-limit', str(options.images),
            '--test-limit', str(round(TEST_IMAGES / scale)), '--out', folder])
        with open(os.path.join(folder, 'results.json')) as file:
            results = json.load(file)
    epoch = results['encoder'][0]['seconds']
    loading = min(times.values())
    after = max(0.0, times['epoch'] - loading - epoch)
    rest = whole - times['epoch']
    made = {**provenance(), 'data': os.path.basename(options.data), 'images': options.images, 'epoch': scale * epoch, 'after_epoch': scale * after,
            'rest': scale * rest, 'loading': scale * loading}
    made['minutes'] = (made['loading'] + EPOCHS * (made['epoch'] + made['after_epoch'])
                       + made['rest']) / 60
    print('one epoch %.1f s, its accuracy and checkpoint %.1f s, all that follows %.1f s'
          % (made['epoch'], made['after_epoch'], made['rest']))
    print('projected: %d epochs and the rest in %.1f minutes' % (EPOCHS, made['minutes']))
    if options.json:
        report = {}
        if os.path.exists(options.json):
            with open(options.json) as file:
                report = json.load(file)
        report['experiment'] = made
        with open(options.json, 'w') as file:
            json.dump(report, file, indent=1)
            file.write('\n')


if __name__ == '__main__':
    main(sys.argv[1:])
