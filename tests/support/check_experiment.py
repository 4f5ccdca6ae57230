"""What check_experiment.sh knows of its results before they are there.

    check_experiment.py results WHOLE.json GONE.json
    check_experiment.py page PAGE.md
    check_experiment.py seen DOM.html WIDTH
"""
import html
import json
import re
import sys


def arms_of(path):
    with open(path, encoding='utf-8') as file:
        results = json.load(file)
    data = results['sets'][0]
    return results, data, {arm['name']: arm for arm in data['arms']}


def check_invariant(values, name, keys, tolerance):
    """The arm changes none of these: a difference of 0, and an interval that is around it."""
    for key in keys:
        found = values[name]['values'][key]
        assert abs(found['difference']) <= tolerance, (name, key, found)
        assert found['low'] <= tolerance and found['high'] >= -tolerance, (name, key, found)


def results(whole, gone):
    every, data, arms = arms_of(whole)
    assert every['made_by'][0]['commit'] == 'abc1234' and len(every['made_by']) == 1, every['made_by']
    assert [e['name'] for e in data['encoders']] == ['art.0', 'art.1'] and data['test_rows'] == 100
    assert all(len(e['head']) == 2 for e in data['encoders']), data['encoders']
    assert arms['raw']['cells'] == 2 and arms['rotation']['cells'] == 4
    # Neither distances' order nor what a linear function can do depends on size or axes, but
    # for rounding: a row or two of the 100 may differ.
    check_invariant(arms, 'scaled', ['linear', 'knn', 'one_shot', 'five_shot', 'recall_1bit'], 0.01)
    check_invariant(arms, 'rotation', ['linear', 'knn', 'one_shot', 'five_shot'], 0.02)
    values = {name: arm['values'] for name, arm in arms.items()}
    assert values['whitened']['uniformity']['mean'] < values['raw']['uniformity']['mean'] - 0.5
    assert values['exact-d128']['uniformity_gap']['mean'] < values['dose-0']['uniformity_gap']['mean']
    assert values['raw']['neighbours_kept']['mean'] == 1 > values['exact-d128']['neighbours_kept']['mean']
    assert values['exact-d128']['linear']['p'] in (0.5, 1.0)  # 2 encoders: 4 patterns of signs
    # Only the first network has seen foreign images; only an exact field has a density.
    first, second = values['raw']['foreign_auroc']['encoders']
    assert 0 <= first <= 1 and second is None, (first, second)
    first, second = values['exact-d128']['density_auroc']['encoders']
    assert 0 <= first <= 1 and second is None, (first, second)
    assert values['raw']['density_auroc']['encoders'] == [None, None]
    # One cell short: the arm is of one encoder, and so is its difference.
    _, _, left = arms_of(gone)
    assert left['exact-d128']['encoders'] == ['art.0'] and left['exact-d128']['cells'] == 1
    knn = {name: arm['values']['knn'] for name, arm in left.items()}
    wanted = knn['exact-d128']['mean'] - knn['raw']['encoders'][0]
    assert abs(knn['exact-d128']['difference'] - wanted) < 1e-12, knn


def page(path):
    with open(path, encoding='utf-8') as file:
        lines = file.read().split('\n')
    assert lines[0] == '# Title' and lines[-2:] == ['tail', ''] and 'old' not in lines
    rows = [line for line in lines if line.startswith('| exact-d128 |')]
    assert len(rows) == 3, rows
    head = next(line for line in lines if line.startswith('| arm | linear'))
    assert rows[0].count('|') == head.count('|') and ' to ' in rows[0]
    assert sum(line.startswith('### art: ') for line in lines) == 4
    assert not any('nan' in line.lower().split() for line in lines)


def seen(path, width):
    with open(path, encoding='utf-8') as file:
        found = json.loads(html.unescape(re.search('<pre id="found">(.*?)</pre>', file.read(), re.S)[1]))
    text = found.pop('text')
    assert found['width'] == int(width) >= found['scrollWidth'], found
    assert found['requests'] == [] and found['scripts'] == 0 and found['bold'] == 0, found
    assert found['tables'] == found['labelled'] == 4, found
    assert found['pictures'] == found['titled'] >= 8 and found['narrowest'] >= 240, found
    assert found['language'] == 'en' and 'Does the flow help?' in text and 'exact-d128' in text


if __name__ == '__main__':
    {'results': results, 'page': page, 'seen': seen}[sys.argv[1]](*sys.argv[2:])
