"""The jobs that compare.py runs: one line each.

A job is a program of libpflow's side with its arguments, the peer's jobs that do the same
(peer.py), the fastest last, with theirs, the usual sizes, what varies when the cost's growth is
measured, and sizes so small that they only show that everything runs. {x} and {labels} stand
for files of `rows` or `queries` + `known` clustered rows of `dim` values that both sides read;
with `intrinsic` the clusters lie in a subspace of so many dimensions. {map} is the file of a
uniformity map of these rows by `field`, a learned one after `training` steps, with {probe} and
{ends} to check its field and its flow by. {bin} is the folder of the built programs.

The jobs of maps have a table of their own: part, with the most rounds that they run, and what
they are to reach: the most `seconds`, or the least `ratio` to the peer.
"""
from collections import namedtuple

Job = namedtuple('Job', 'name title ours peers theirs sizes axes tiny part rounds target')


def job(name, title, ours, peers='', theirs='', axes=None, tiny=None, part='jobs', rounds=None,
        target=None, **sizes):
    return Job(name, title, ours, peers.split(), theirs, sizes, axes or {}, tiny or {}, part,
               rounds, target)


def map_job(name, title, ours, peers='', tiny=None, **more):
    """A job on rows that a uniformity map is made for."""
    return job(name, title, ours, peers,
               'map={map} x={x} rows={mapped} steps={steps} probe={probe} ends={ends}',
               part='map', tiny=dict(rows=200, dim=16, intrinsic=3, training=20, mapped=30,
                                     steps=5, **(tiny or {})),
               **dict(dict(rows=50000, dim=128, intrinsic=16, training=20000, mapped=20000,
                           steps=100, field='network', rtol=0), **more))


JOBS = [
    job('train_step', 'train step', 'bench_train_step {rows} {repeats} {percent}',
        'train_step_nchw train_step', 'rows={rows} percent={percent} repeats={repeats}',
        rows=256, percent=100, repeats=3,
        axes={'rows': (64, 256, 1024), 'percent': (25, 100, 200)},
        tiny=dict(rows=4, percent=10, repeats=1)),
    job('inference', 'prediction', 'bench_inference {rows} {repeats} {percent}',
        'inference', 'rows={rows} percent={percent} repeats={repeats}',
        rows=256, percent=100, repeats=5, axes={'rows': (64, 256, 1024)},
        tiny=dict(rows=2, percent=10, repeats=1)),
    job('epoch', 'epoch of 50,000', 'bench_epoch {steps} {images} {batch} {percent}',
        steps=20, images=50000, batch=256, percent=100,
        tiny=dict(steps=1, images=8, batch=4, percent=10)),
    job('field_step', 'field step', 'bench_field_step {repeats} {sources} {queries} {dim}',
        'field_step field_step_matmul', 'sources={sources} queries={queries} dim={dim}',
        sources=1024, queries=128, dim=128, repeats=500,
        axes={'sources': (256, 1024, 4096), 'queries': (32, 128, 512), 'dim': (32, 128, 512)},
        tiny=dict(sources=64, queries=8, dim=8, repeats=2)),
    job('flow', 'flow, Euler', 'bench_flow {rows} {steps} {dim} euler',
        'flow', 'rows={rows} steps={steps} dim={dim}', rows=50000, steps=10, dim=128,
        axes={'rows': (12500, 50000, 200000), 'dim': (32, 128, 512)},
        tiny=dict(rows=20, steps=1, dim=8)),
    job('flow_rk4', 'flow, RK4', 'bench_flow {rows} {steps} {dim} rk4',
        'flow_rk4', 'rows={rows} steps={steps} dim={dim}', rows=50000, steps=10, dim=128,
        tiny=dict(rows=20, steps=1, dim=8)),
    job('flow_dopri5', 'flow, DOPRI5', 'bench_flow {rows} {steps} {dim} dopri5',
        rows=50000, steps=10, dim=128, tiny=dict(rows=20, steps=1, dim=8)),
    job('exact_field', 'exact field', 'bench_exact_field {queries} {sources} {dim} {height}',
        'exact_field', 'queries={queries} sources={sources} dim={dim} height={height}',
        queries=2000, sources=50000, dim=128, height=1,
        axes={'queries': (500, 2000, 8000), 'sources': (12500, 50000, 200000),
              'dim': (32, 128, 512)}, tiny=dict(queries=20, sources=100, dim=8)),
    job('exact_near', 'exact field, near',
        'bench_exact_field {queries} {sources} {dim} {height} {clusters}', 'exact_near',
        'queries={queries} sources={sources} dim={dim} height={height} clusters={clusters}',
        queries=2000, sources=50000, dim=128, height=0.01, clusters=50,
        tiny=dict(queries=20, sources=100, dim=8, clusters=5)),
    job('knn', 'nearest 10', 'bench_knn {queries} {known} {dim} 10 {x} {labels}',
        'knn', 'x={x} labels={labels} queries={queries} known={known}',
        queries=10000, known=50000, dim=128,
        axes={'queries': (2500, 10000, 40000), 'known': (12500, 50000, 200000),
              'dim': (32, 128, 512)}, tiny=dict(queries=20, known=100, dim=8)),
    job('logistic', 'logistic fit', 'bench_logistic {rows} {dim} 10 {x} {labels}',
        'logistic logistic_whitened', 'x={x} labels={labels}', rows=50000, dim=128,
        axes={'rows': (12500, 50000, 200000), 'dim': (32, 128, 512)},
        tiny=dict(rows=100, dim=8)),
    map_job('map_suggest', 'map: suggest', 'bench_map suggest {x}', target={'seconds': 20}),
    map_job('map_fit', 'map: fit', 'bench_map fit {x}', rounds=1,
            target={'seconds': 300}),
    map_job('map_info', 'start of pflow info', 'bench_start {bin}/pflow info {map}',
            target={'seconds': 0.02}),
    map_job('map_exact', 'map, exact, 2,000 rows',
            'bench_map transform {x} {map} {mapped} {rtol}', rounds=3, field='exact',
            mapped=2000),
    map_job('map_network', 'map by network',
            'bench_map transform {x} {map} {mapped} {rtol} {ends}',
            'map_euler map_euler_apart', target={'ratio': 4}),
    map_job('map_network_1e4', 'map, rtol 1e-4',
            'bench_map transform {x} {map} {mapped} {rtol} {ends}',
            'map_euler map_euler_apart', rtol=1e-4),
    map_job('map_network_loose', 'map, rtol 3e-3',
            'bench_map transform {x} {map} {mapped} {rtol} {ends}',
            'map_euler map_euler_apart', rtol=3e-3),
    map_job('map_euler', 'map by Euler steps',
            'bench_map_euler {x} {map} {mapped} {steps} {ends}', 'map_euler map_euler_apart'),
]

BY_NAME = {each.name: each for each in JOBS}

# What the peer's jobs are called in tables.
PEER_TITLES = {
    'train_step': 'channels-last', 'train_step_nchw': 'NCHW', 'inference': 'channels-last',
    'field_step': 'broadcast', 'field_step_matmul': 'matmul', 'flow': 'best block',
    'flow_rk4': 'best block', 'exact_field': 'matmul', 'exact_near': 'matmul',
    'knn': 'matmul, topk',
    'logistic': 'L-BFGS', 'logistic_whitened': 'whitened',
    'map_euler': 'threads', 'map_euler_apart': 'processes',
}
