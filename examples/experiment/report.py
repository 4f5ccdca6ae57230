"""Turns an experiment's results into PAGE.md (the part between its marks) and PAGE.html.

    python3 report.py OUT/results.json docs/experiment

PAGE.md must have the lines "<!-- results -->" and "<!-- end -->". PAGE.html is written
whole and opens offline.
"""
import html
import json
import subprocess
import sys

# Key in the results, head in tables, factor, decimals, sign of better (0: neither).
MEASURES = [
    ('linear', 'linear %', 100, 2, 1),
    ('linear_nll', 'NLL', 1, 3, -1),
    ('knn', 'kNN %', 100, 2, 1),
    ('one_shot', '1-shot %', 100, 1, 1),
    ('five_shot', '5-shot %', 100, 1, 1),
    ('recall_1bit', '1-bit %', 100, 1, 1),
    ('neighbours_kept', 'kept %', 100, 1, 1),
]
GEOMETRY = [('uniformity_gap', 'gap', 1, 3), ('hubness', 'hubness', 1, 2),
            ('effective_rank', 'eff. rank', 1, 1), ('linear_train', 'linear train %', 100, 2),
            ('kmeans_nmi', 'k-means NMI', 1, 3)]
DOSES = [(0.0, 'dose-0'), (0.25, 'dose-25'), (0.5, 'dose-50'), (1.0, 'exact-d128')]


# ---- what the results say ----

def clear(value, factor, decimals, sign):
    """1 better, -1 worse than the raw features, 0 where that may be chance or cannot be seen."""
    if 'low' not in value or value['low'] <= 0 <= value['high']:
        return 0
    if round(factor * value['difference'], decimals) == 0:
        return 0
    return sign if value['low'] > 0 else -sign


def winners(sets, measure):
    """Arms better than raw by this measure on every data set."""
    key, _, *rest = measure
    lists = [[a['name'] for a in s['arms'] if clear(a['values'][key], *rest) > 0] for s in sets]
    return [name for name in lists[0] if all(name in other for other in lists[1:])]


def findings(sets):
    names = ' and '.join(s['data'] for s in sets)
    for measure in MEASURES:
        found = winners(sets, measure)
        yield '%s: %s.' % (measure[1], 'better than the raw features on %s: %s' % (names, ', '.join(found))
                           if found else 'no arm is better than the raw features on %s' % names)


# ---- tables ----

def shown(value, factor, decimals):
    return '-' if value is None else '%.*f' % (decimals, factor * value)


def difference(value, factor, decimals, sign):
    """Mean, and the interval of its difference from raw where there is one."""
    text = shown(value['mean'], factor, decimals)
    if 'low' not in value:
        return text
    mark = {1: ' **+**', -1: ' **-**', 0: ''}[clear(value, factor, decimals, sign)]
    return '%s (%+.*f to %+.*f)%s' % (text, decimals, factor * value['low'], decimals,
                                      factor * value['high'], mark)


def table(rows):
    head = rows[0]
    yield '| ' + ' | '.join(head) + ' |'
    yield '|---|' + '---:|' * (len(head) - 1)
    for row in rows[1:]:
        yield '| ' + ' | '.join(row) + ' |'


def uses(data):
    yield ['arm'] + [m[1] for m in MEASURES]
    for arm in data['arms']:
        yield [arm['name']] + [difference(arm['values'][key], factor, decimals, sign)
                               for key, _, factor, decimals, sign in MEASURES]


def geometry(data):
    yield ['arm'] + [g[1] for g in GEOMETRY]
    for arm in data['arms']:
        yield [arm['name']] + [shown(arm['values'][key]['mean'], factor, decimals)
                               for key, _, factor, decimals in GEOMETRY]


def heads(data):
    yield ['encoder', 'row', 'train %', 'test %']
    for i, rows in enumerate(data['heads']):
        for row in rows:
            yield ['%s.%d' % (data['data'], i), row['name'], shown(row['train'], 100, 2),
                   shown(row['test'], 100, 2)]


def provenance(results):
    commit = subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], capture_output=True,
                            text=True, check=True).stdout.strip()
    return 'Run of %s on %s; tables made at commit %s. %s.' % (
        results['date'], results['machine'], commit,
        '; '.join('%s: %d encoders, %d flow seeds, %d test rows' %
                  (s['data'], s['encoders'], results['flow_seeds'], s['test_rows'])
                  for s in results['sets']))


def markdown(results):
    yield provenance(results)
    yield ''
    for line in findings(results['sets']):
        yield '- ' + line
    for data in results['sets']:
        for title, rows in (('what the features are good for', uses), ('geometry', geometry),
                            ('the networks\' own heads', heads)):
            yield ''
            yield '### %s: %s' % (data['data'], title)
            yield ''
            yield from table(list(rows(data)))


def put_between_marks(path, lines):
    with open(path) as file:
        text = file.read()
    begin, end = text.index('<!-- results -->\n'), text.index('<!-- end -->')
    with open(path, 'w') as file:
        file.write(text[:begin] + '<!-- results -->\n' + '\n'.join(lines) + '\n' + text[end:])


# ---- the page ----

STYLE = '''body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:auto;padding:1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}
td,th{padding:.2rem .5rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto}'''


def forest(data, key, factor, head):
    """Differences from the raw features with their intervals, one line an arm."""
    rows = [(a['name'], a['values'][key]) for a in data['arms'] if 'low' in a['values'][key]]
    least = min([factor * v['low'] for _, v in rows] + [0])
    most = max([factor * v['high'] for _, v in rows] + [0])
    span = (most - least) or 1

    def at(value):
        return 170 + 400 * (value - least) / span
    parts = ['<svg viewBox="0 0 600 %d" role="img" aria-label="%s">' % (20 * len(rows) + 40, head),
             '<line x1="%.1f" x2="%.1f" y1="0" y2="%d" stroke="#888"/>'
             % (at(0), at(0), 20 * len(rows) + 10)]
    for i, (name, value) in enumerate(rows):
        y = 20 * i + 15
        parts.append('<text x="160" y="%d" font-size="12" text-anchor="end">%s</text>'
                     % (y + 4, html.escape(name)))
        parts.append('<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#27c" stroke-width="2"/>'
                     % (at(factor * value['low']), at(factor * value['high']), y, y))
        parts.append('<circle cx="%.1f" cy="%d" r="3.5" fill="#27c"/>'
                     % (at(factor * value['difference']), y))
    for value in (least, 0, most):
        parts.append('<text x="%.1f" y="%d" font-size="11" text-anchor="middle">%.3g</text>'
                     % (at(value), 20 * len(rows) + 28, value))
    return '\n'.join(parts + ['</svg>'])


def dose_curve(data):
    """Linear probe and uniformity's gap along the strength."""
    arms = {a['name']: a['values'] for a in data['arms']}
    doses = [(s, arms[name]) for s, name in DOSES if name in arms]
    if len(doses) < 2:
        return ''
    parts = ['<svg viewBox="0 0 600 220" role="img" aria-label="strength">']
    for key, colour, factor in (('linear', '#27c', 100), ('uniformity_gap', '#c52', 1)):
        values = [(s, factor * v[key]['mean']) for s, v in doses]
        low, high = min(v for _, v in values), max(v for _, v in values)
        points = [(60 + 480 * s, 190 - 160 * (v - low) / ((high - low) or 1)) for s, v in values]
        parts.append('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>'
                     % (colour, ' '.join('%.1f,%.1f' % p for p in points)))
        for (x, y), (_, v) in zip(points, values):
            parts.append('<text x="%.1f" y="%.1f" font-size="11" fill="%s">%.3g</text>'
                         % (x, y - 5, colour, v))
    parts.append('<text x="60" y="214" font-size="12">strength 0</text>'
                 '<text x="540" y="214" font-size="12" text-anchor="end">strength 1</text></svg>')
    return '<p>Blue: linear probe, %; red: gap of the uniformity.</p>' + '\n'.join(parts)


def html_table(rows):
    rows = list(rows)
    cells = [''.join('<%s>%s</%s>' % (tag, html.escape(c).replace('**', ''), tag) for c in row)
             for tag, row in [('th', rows[0])] + [('td', r) for r in rows[1:]]]
    return '<div class="wide"><table>%s</table></div>' % ''.join('<tr>%s</tr>' % c for c in cells)


def page(results):
    yield '<!doctype html><html lang="en"><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield '<title>The experiment</title><style>%s</style>' % STYLE
    yield '<h1>Does the flow help?</h1><p>%s</p><ul>' % html.escape(provenance(results))
    yield ''.join('<li>%s</li>' % html.escape(line) for line in findings(results['sets']))
    yield '</ul><h2>The arms</h2><dl>'
    for arm in results['sets'][0]['arms']:
        yield '<dt><b>%s</b></dt><dd>%s</dd>' % (arm['name'], html.escape(arm['about']))
    yield '</dl>'
    for data in results['sets']:
        yield '<h2>%s</h2>' % html.escape(data['data'])
        for key, head, factor, _, _ in MEASURES[:4]:
            yield '<h3>%s: difference from the raw features</h3>' % head
            yield forest(data, key, factor, head)
        yield '<h3>The dose</h3>' + dose_curve(data)
        yield html_table(uses(data)) + html_table(geometry(data)) + html_table(heads(data))
    yield '</html>'


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1]) as file:
        results = json.load(file)
    put_between_marks(sys.argv[2] + '.md', markdown(results))
    with open(sys.argv[2] + '.html', 'w') as file:
        file.write('\n'.join(page(results)) + '\n')


if __name__ == '__main__':
    main()
