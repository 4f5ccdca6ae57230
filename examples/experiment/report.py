"""Turns an experiment's results into PAGE.md (the part between its marks) and PAGE.html.

    python3 report.py OUT/results.json docs/experiment

PAGE.md must have the lines "<!-- results -->" and "<!-- end -->". PAGE.html is written
whole and opens offline.
"""
import html
import json
import sys
from collections import namedtuple

# better: 1 more is better, -1 less is, 0 neither. Factor and decimals of what is shown.
Measure = namedtuple('Measure', 'key head factor decimals better')

USES = [Measure('linear', 'linear %', 100, 2, 1), Measure('knn', 'kNN %', 100, 2, 1),
        Measure('one_shot', '1-shot %', 100, 1, 1), Measure('five_shot', '5-shot %', 100, 1, 1),
        Measure('recall_1bit', '1-bit %', 100, 1, 1), Measure('hubness', 'hubness', 1, 2, -1),
        Measure('uniformity', 'uniformity', 1, 3, 0),
        Measure('uniformity_ideal', 'its ideal', 1, 3, 0),
        Measure('foreign_auroc', 'foreign AUROC %', 100, 1, 1)]
MORE = [Measure('linear_nll', 'NLL', 1, 3, -1), Measure('linear_train', 'linear, train %', 100, 2, 0),
        Measure('recall_8bit', '8-bit %', 100, 1, 1), Measure('kmeans_nmi', 'k-means NMI', 1, 3, 1),
        Measure('density_auroc', 'density AUROC %', 100, 1, 0),
        Measure('uniformity_gap', 'gap', 1, 3, 0), Measure('alignment', 'alignment', 1, 3, 0),
        Measure('effective_rank', 'eff. rank', 1, 1, 0), Measure('hubs', 'hubs %', 100, 1, 0),
        Measure('antihubs', 'antihubs %', 100, 1, 0), Measure('neighbours_kept', 'kept %', 100, 1, 0),
        Measure('trustworthiness', 'trust', 1, 4, 0), Measure('continuity', 'contin.', 1, 4, 0)]
TESTED = [m for m in USES if m.better and m.key != 'hubness']  # have intervals
DOSES = [(0.0, 'dose-0'), (0.25, 'dose-25'), (0.5, 'dose-50'), (1.0, 'exact-d128')]
IN_DOSE = [USES[0], USES[1], USES[2], MORE[5]]


# ---- what the results say ----

def verdict(value, measure):
    """1 better, -1 worse than raw by an interval without 0; else, or if unseen, 0."""
    if 'low' not in value or value['low'] <= 0 <= value['high']:
        return 0
    if round(measure.factor * value['difference'], measure.decimals) == 0:
        return 0
    return measure.better if value['low'] > 0 else -measure.better


def values_of(data, measure):
    return {arm['name']: arm['values'][measure.key] for arm in data['arms']}


def on_all(sets, measure, wanted):
    """Arms with that verdict on every data set."""
    lists = [{name for name, value in values_of(data, measure).items()
              if verdict(value, measure) == wanted} for data in sets]
    return [arm['name'] for arm in sets[0]['arms'] if all(arm['name'] in one for one in lists)]


def differences(sets, measure, name):
    return ', '.join('%+.*f' % (measure.decimals, measure.factor *
                                values_of(data, measure)[name]['difference']) for data in sets)


def named(sets, measure, names):
    return ', '.join('%s (%s)' % (name, differences(sets, measure, name)) for name in names)


def finding(sets, measure):
    found = on_all(sets, measure, 1)
    parts = ['better than raw: ' + named(sets, measure, found) if found
             else 'no arm is better than raw']
    for data in sets if len(sets) > 1 else []:
        alone = [name for name in on_all([data], measure, 1) if name not in found]
        if alone:
            parts.append('on %s alone: %s' % (data['data'], named([data], measure, alone)))
    parts.append('worse: %d of %d arms' % (len(on_all(sets, measure, -1)),
                                           len(sets[0]['arms']) - 1))
    return '%s: %s.' % (measure.head, '; '.join(parts))


def findings(results):
    sets = results['sets']
    names = ' and on '.join(data['data'] for data in sets)
    yield 'What holds on %s, the difference from raw in brackets:' % names, \
        [finding(sets, m) for m in TESTED if any('low' in v for v in values_of(sets[0], m).values())]


def caution(results):
    fewest = min(len(data['encoders']) for data in results['sets'])
    count = sum('low' in arm['values'][m.key] for data in results['sets']
                for arm in data['arms'] for m in TESTED)
    return ('+ and - mark a 95 %% interval of the difference from raw without 0. There are %d '
            'intervals and no correction for that: about %.0f would be marked if no arm did '
            'anything. With %d encoder%s of a data set the sign-flip test cannot have a p below '
            '%.3g.' % (count, 0.05 * count, fewest, '' if fewest == 1 else 's', 0.5 ** (fewest - 1)))


def provenance(results):
    for data in results['sets']:
        count = len(data['encoders'])
        yield '%s: %d encoder%s, %d test rows%s%s; %d cells in %.0f minutes of computing.' % (
            data['data'], count, '' if count == 1 else 's', data['test_rows'],
            ', at most %d train rows' % results['max_rows'] if results['max_rows'] else '',
            ', exact fields of at most %d sources' % results['field_rows']
            if results['field_rows'] else '',
            sum(arm['cells'] for arm in data['arms']),
            sum(arm['seconds'] for arm in data['arms']) / 60)
    for by in results['made_by']:
        yield 'Computed by pflow %s, commit %s, on %s, %s.' % (
            by['pflow_version'], by['commit'] or 'unknown', by['machine'], by['date'])


# ---- tables: lists of rows, the first of which is the head ----

def shown(value, measure):
    return '-' if value is None else '%.*f' % (measure.decimals, measure.factor * value)


def compared(value, measure):
    """Mean, and the interval of its difference from raw where there is one."""
    text = shown(value['mean'], measure)
    if 'low' not in value or not measure.better:
        return text
    mark = {1: ' +', -1: ' -', 0: ''}[verdict(value, measure)]
    return '%s (%+.*f to %+.*f)%s' % (text, measure.decimals, measure.factor * value['low'],
                                      measure.decimals, measure.factor * value['high'], mark)


def arms_table(data, measures, cell):
    yield ['arm'] + [m.head for m in measures]
    for arm in data['arms']:
        yield [arm['name']] + [cell(arm['values'][m.key], m) for m in measures]


def head_table(data):
    yield ['encoder', 'head', 'train %', 'test %']
    for encoder in data['encoders']:
        for row in encoder['head']:
            yield [encoder['name'], row['name'], '%.2f' % (100 * row['train']),
                   '%.2f' % (100 * row['test'])]


def one_choice(note):
    if note['leave_alone']:
        return 'leave alone'
    return 'k %d, D %g, start %g, strength %g' % (note['dims'], note['aug_dim'], note['start'],
                                                  note['strength'])


def choice_table(data):
    yield ['arm', 'in each cell']
    for arm in data['arms']:
        if 'leave_alone' in arm['notes'][0]:
            kinds = [one_choice(note) for note in arm['notes']]
            yield [arm['name'], '; '.join(kinds if len(set(kinds)) > 1 else kinds[:1])]


def tables(data):
    yield 'What the features are good for', arms_table(data, USES, compared)
    yield 'More measures', arms_table(data, MORE, lambda value, m: shown(value['mean'], m))
    yield "The networks' own heads", head_table(data)
    yield 'What the maps used', choice_table(data)


# ---- Markdown ----

def markdown_table(rows):
    head, *body = rows
    yield '| ' + ' | '.join(head) + ' |'
    yield '|---|' + '---:|' * (len(head) - 1)
    for row in body:
        yield '| ' + ' | '.join(row) + ' |'


def markdown(results):
    for line in provenance(results):
        yield '- ' + line
    for title, lines in findings(results):
        yield from ['', title, '']
        yield from ('- ' + line for line in lines)
    yield from ['', caution(results)]
    for data in results['sets']:
        for title, rows in tables(data):
            yield from ['', '### %s: %s' % (data['data'], title[0].lower() + title[1:]), '']
            yield from markdown_table(rows)


def put_between_marks(path, lines):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    begin, end = '<!-- results -->\n', '<!-- end -->'
    head, tail = text.index(begin) + len(begin), text.index(end)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text[:head] + '\n'.join(lines) + '\n' + text[tail:])


# ---- the page ----

STYLE = '''body{font:16px/1.5 system-ui,sans-serif;max-width:78rem;margin:auto;padding:1rem;color:#222}
.box{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;font-size:.78rem}
td,th{padding:.2rem .5rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
td:first-child,th:first-child{text-align:left;position:sticky;left:0;background:#fff}
.good{color:#06602b}.bad{color:#a11212}svg{width:100%}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(19rem,100%),1fr));gap:1rem}
dt{font-weight:bold;float:left;clear:left;margin-right:.5rem}dd{margin:0 0 .2rem 0}'''


def picture(width, height, title, parts):
    return ('<svg role="img" viewBox="0 0 %d %d" font-family="sans-serif"><title>%s</title>%s</svg>'
            % (width, height, html.escape(title), ''.join(parts)))


def text(x, y, anchor, words, size=12):
    return '<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s">%s</text>' % (
        x, y, size, anchor, html.escape(words))


def forest(data, measure):
    """Differences from the raw features with their intervals, a line an arm."""
    rows = [(name, value) for name, value in values_of(data, measure).items() if 'low' in value]
    least = min([measure.factor * value['low'] for _, value in rows] + [0])
    most = max([measure.factor * value['high'] for _, value in rows] + [0])

    def at(value):
        return 120 + 225 * (value - least) / ((most - least) or 1)
    bottom = 16 * len(rows) + 28
    parts = [text(180, 14, 'middle', measure.head + ', difference from raw', 13),
             '<path d="M%.1f 20V%d" stroke="#888"/>' % (at(0), bottom)]
    for i, (name, value) in enumerate(rows):
        y = 16 * i + 30
        colour = {1: '#06602b', -1: '#a11212', 0: '#667'}[verdict(value, measure)]
        parts += [text(112, y + 4, 'end', name, 11),
                  '<path d="M%.1f %dH%.1f" stroke="%s" stroke-width="2"/>' % (
                      at(measure.factor * value['low']), y, at(measure.factor * value['high']), colour),
                  '<circle cx="%.1f" cy="%d" r="3" fill="%s"/>' % (
                      at(measure.factor * value['difference']), y, colour)]
    ends = [value for value in (least, most) if value == 0 or abs(at(value) - at(0)) > 30]
    parts += [text(at(value), bottom + 14, 'middle', '%.3g' % value, 11)
              for value in sorted({0, *ends})]
    return picture(360, bottom + 20, '%s on %s: differences from raw' % (measure.head, data['data']),
                   parts)


def dose(data, measure):
    """A measure along the strength of the flow, with the raw features' as a dashed line."""
    values = {name: value['mean'] for name, value in values_of(data, measure).items()
              if value['mean'] is not None}
    points = [(s, measure.factor * values[name]) for s, name in DOSES if name in values]
    raw = measure.factor * values['raw']
    low, high = min([v for _, v in points] + [raw]), max([v for _, v in points] + [raw])

    def at(value):
        return 150 - 110 * (value - low) / ((high - low) or 1)
    line = ' '.join('%.1f,%.1f' % (40 + 280 * s, at(v)) for s, v in points)
    parts = [text(180, 14, 'middle', measure.head, 13),
             '<path d="M30 %.1fH330" stroke="#888" stroke-dasharray="4 3"/>' % at(raw),
             text(330, at(raw) - 4, 'end', 'raw %.*f' % (measure.decimals, raw), 11),
             '<polyline fill="none" stroke="#27c" stroke-width="2" points="%s"/>' % line]
    for s, v in points:
        parts += ['<circle cx="%.1f" cy="%.1f" r="3" fill="#27c"/>' % (40 + 280 * s, at(v)),
                  text(40 + 280 * s, at(v) + 16, 'middle', '%.*f' % (measure.decimals, v), 11),
                  text(40 + 280 * s, 186, 'middle', '%g' % s, 11)]
    return picture(360, 194, '%s on %s along the strength' % (measure.head, data['data']), parts)


def html_table(title, rows):
    rows = list(rows)

    def cell(words):
        mark = {'+': ' class="good"', '-': ' class="bad"'}.get(words[-1:] if words[-2:-1] == ' ' else '', '')
        return '<td%s>%s</td>' % (mark, html.escape(words))
    lines = ['<tr>%s</tr>' % ''.join('<th>%s</th>' % html.escape(words) for words in rows[0])]
    lines += ['<tr>%s</tr>' % ''.join(map(cell, row)) for row in rows[1:]]
    return '<div class="box" role="region" tabindex="0" aria-label="%s"><table>%s</table></div>' % (
        html.escape(title), ''.join(lines))


def pictures(data):
    tested = [m for m in TESTED if any('low' in value for value in values_of(data, m).values())]
    yield '<h3>Differences from the raw features</h3><div class="charts">'
    yield from (forest(data, measure) for measure in tested)
    yield '</div>'
    if sum(name in values_of(data, USES[0]) for _, name in DOSES) > 1:
        yield '<h3>The dose: exact field, D 128, strength 0 to 1</h3><div class="charts">'
        yield from (dose(data, measure) for measure in IN_DOSE)
        yield '</div>'


def page(results):
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield '<title>Does the flow help?</title><style>%s</style></head><body>' % STYLE
    yield '<h1>Does the flow help?</h1>'
    yield ''.join('<p>%s</p>' % html.escape(line) for line in provenance(results))
    for title, lines in findings(results):
        yield '<h2>Findings</h2><p>%s</p><ul>' % html.escape(title)
        yield ''.join('<li>%s</li>' % html.escape(line) for line in lines) + '</ul>'
    yield '<p>%s</p><h2>The arms</h2><dl>' % html.escape(caution(results))
    for arm in results['sets'][0]['arms']:
        yield '<dt>%s</dt><dd>%s</dd>' % (arm['name'], html.escape(arm['about']))
    yield '</dl><p>Tables that are wider than the window can be pushed sideways.</p>'
    for data in results['sets']:
        yield '<h2>%s</h2>' % html.escape(data['data'])
        yield from pictures(data)
        for title, rows in tables(data):
            yield '<h3>%s</h3>%s' % (html.escape(title), html_table(title, rows))
    yield '</body></html>'


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding='utf-8') as file:
        results = json.load(file)
    put_between_marks(sys.argv[2] + '.md', markdown(results))
    with open(sys.argv[2] + '.html', 'w', encoding='utf-8') as file:
        file.write('\n'.join(page(results)) + '\n')


if __name__ == '__main__':
    main()
