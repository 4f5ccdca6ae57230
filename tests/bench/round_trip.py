"""How well rows come back from a map, by field, start and augmented dimension.

usage: round_trip.py [--build DIR] [--features DIR] [PAGE.md]

Fits pflow's maps (target gaussian, all principal coordinates, so that nothing is lost before
the flow) to 5,000 rows, takes 4,000 others there and back, and prints the error: the length of
x'' - x over that of x - mean. "by a last bit" is what no map could do better at: rows that move
by more than 1e-3 on the way back when half of the values of y change in their last bit. The last
column is of the first 1,000 of the fitted rows. The
rows are clusters in 12 dimensions that the script draws itself; --features: those of train_x.npy
and test_x.npy there, reduced to 12 principal coordinates first. PAGE.md: puts the table between its lines "<!-- round trip: clusters -->", or
"features", and "<!-- end -->".
"""
import argparse
import os
import re
import subprocess
import tempfile

import numpy as np

from runner import provenance

ROWS, UNSEEN, FITTED, DIM, CLASSES = 5000, 4000, 1000, 12, 10
STARTS, AUGMENTED = (1, 3, 6), (12, 128)


def draw_clusters():
    rng = np.random.default_rng(0)
    centres = 1.5 * rng.standard_normal((CLASSES, DIM))
    labels = rng.integers(0, CLASSES, ROWS + UNSEEN)
    rows = centres[labels] + rng.standard_normal((ROWS + UNSEEN, DIM))
    return rows[:ROWS], rows[ROWS:]


def read_features(folder):
    train, test = (np.load(os.path.join(folder, name + '_x.npy')).astype(np.float64)
                   for name in ('train', 'test'))
    train, test = train[:ROWS], test[:UNSEEN]
    _, _, axes = np.linalg.svd(train - train.mean(axis=0), full_matrices=False)
    return train @ axes[:DIM].T, test @ axes[:DIM].T


class RoundTrip:
    """Rows through one map and back."""

    def __init__(self, pflow, folder, options):
        self.pflow, self.folder = pflow, folder
        self.run('fit', '--in', self.path('x.npy'), *options, '--out', self.path('map.safetensors'))
        self.mean = self.load('x.npy').mean(axis=0)
        self.there = self.load('unseen.npy')
        self.length = np.linalg.norm(self.there - self.mean, axis=1)

    def path(self, name):
        return os.path.join(self.folder, name)

    def load(self, name):
        return np.load(self.path(name)).astype(np.float64)

    def run(self, *words):
        subprocess.run([self.pflow, *words], check=True, stdout=subprocess.DEVNULL)

    def map(self, command, source, end):
        self.run(command, '--map', self.path('map.safetensors'), '--in', self.path(source),
                 '--out', self.path(end))

    def back(self, y):
        np.save(self.path('there.npy'), y)
        self.map('inverse', 'there.npy', 'back.npy')
        return self.load('back.npy')

    def fitted_errors(self):
        there = self.load('x.npy')[:FITTED]
        np.save(self.path('fitted.npy'), there.astype(np.float32))
        self.map('transform', 'fitted.npy', 'y.npy')
        back = self.back(np.load(self.path('y.npy')))
        return np.linalg.norm(back - there, axis=1) / np.linalg.norm(there - self.mean, axis=1)

    def errors(self):
        """Of unseen rows, and of a last bit of their y."""
        self.map('transform', 'unseen.npy', 'y.npy')
        y = np.load(self.path('y.npy'))
        back = self.back(y)
        changed = np.where(np.random.default_rng(1).random(y.shape) < 0.5,
                           np.nextafter(y, np.float32(np.inf)), y)
        moved = np.linalg.norm(self.back(changed) - back, axis=1)
        return np.linalg.norm(back - self.there, axis=1) / self.length, moved / self.length


def table(pflow, rows, unseen):
    yield ('| field | D | start | median | 99 % | largest | above 1e-3 | by a last bit '
           '| median of fitted |')
    yield '|---|---|---|---|---|---|---|---|---|'
    with tempfile.TemporaryDirectory() as folder:
        np.save(os.path.join(folder, 'x.npy'), rows.astype(np.float32))
        np.save(os.path.join(folder, 'unseen.npy'), unseen.astype(np.float32))
        for field in ('exact', 'network'):
            for augmented in AUGMENTED:
                for start in STARTS:
                    trip = RoundTrip(pflow, folder, [
                        '--field', field, '--dims', str(DIM), '--aug', str(augmented),
                        '--start', str(start), '--strength', '1', '--target', 'gaussian'])
                    wrong, moved = trip.errors()
                    yield '| %s | %d | %d | %.1e | %.1e | %.1e | %.2f %% | %.2f %% | %.1e |' % (
                        field, augmented, start, np.median(wrong), np.quantile(wrong, 0.99),
                        wrong.max(), 100 * np.mean(wrong > 1e-3), 100 * np.mean(moved > 1e-3),
                        np.median(trip.fitted_errors()))


def fill_page(page, name, text):
    with open(page) as file:
        before = file.read()
    after = re.sub(r'(<!-- round trip: %s -->)\n.*?<!-- end -->' % name,
                   lambda found: found.group(1) + '\n' + text + '<!-- end -->', before,
                   flags=re.S)
    with open(page, 'w') as file:
        file.write(after)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--features')
    parser.add_argument('page', nargs='?')
    options = parser.parse_args()
    rows, unseen = read_features(options.features) if options.features else draw_clusters()
    made = provenance()
    lines = ['Commit %s, %s; %d fitted and %d other rows of %d values, %s.'
             % (made['commit'], made['date'], len(rows), len(unseen), DIM,
                'of the given features' if options.features else 'clusters, seed 0'), '']
    for line in table(os.path.join(options.build, 'bin', 'pflow'), rows, unseen):
        print(line, flush=True)
        lines.append(line)
    if options.page:
        fill_page(options.page, 'features' if options.features else 'clusters',
                  '\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
