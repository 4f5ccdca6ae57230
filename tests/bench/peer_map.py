"""A uniformity map with a learned field in PyTorch: read from its file, its flow by Euler's
steps.

The network of pflow/denoiser.h and all around it, in single precision; in double it also gives
the ends by which both sides' errors are told.
"""
import json
import math
import os
import statistics
import struct
import subprocess
import sys

import numpy
import torch
from torch import nn
import torch.nn.functional as F

from peer_common import fastest, median_seconds, note, peak, peak_mib, seconds_of


# ---- the map's file ----

def read_map(path):
    """The descriptions and the arrays of a safetensors file."""
    with open(path, 'rb') as file:
        size, = struct.unpack('<Q', file.read(8))
        header = json.loads(file.read(size))
        body = file.read()
    texts = {name: json.loads(text) for name, text in header.pop('__metadata__').items()
             if text.startswith('{')}
    arrays = {}
    for name, entry in header.items():
        begin, end = entry['data_offsets']
        arrays[name] = numpy.frombuffer(body[begin:end], '<f4').reshape(entry['shape'])
    return texts, arrays


class Map:
    """Preprocessing and field in a precision, and the heights of a flow of some steps."""

    def __init__(self, path, dtype):
        texts, arrays = read_map(path)

        def get(name):
            return torch.from_numpy(arrays['denoiser.' + name].copy()).to(dtype)

        def get_sum(name):  # of two floats
            high, low = arrays['preprocess.' + name].astype(numpy.float64)
            return torch.from_numpy(high + low)
        self.info, self.settings = texts['pflow.map'], texts['denoiser.pflow.denoiser']
        matrix = get_sum('matrix')
        self.matrix = matrix.T.to(dtype).contiguous()
        self.offset = -(matrix @ get_sum('mean')).to(dtype)
        self.center, self.variance = get('center'), get('variance')
        self.net = nn.Sequential()
        for i in range(0, 2 * self.settings['layers'] + 1, 2):
            weight = get('net.%d.weight' % i)
            linear = nn.Linear(*reversed(weight.shape), dtype=dtype)
            linear.weight.data, linear.bias.data = weight, get('net.%d.bias' % i)
            self.net.append(linear)
            self.net.append(nn.SiLU())
        del self.net[-1]

    def heights(self, steps):
        """r from the beginning to the end, evenly in ln r."""
        r0, r1 = self.info['r0'], self.info['r1']
        end = self.info['strength'] * math.log(r1 / r0)
        return [r0 * math.exp(end * i / steps) for i in range(steps + 1)]

    def features(self, r):
        """What the network is told of a height alone."""
        low, high = self.settings['r_min'], self.settings['r_max']
        t = 2 * min(max(math.log(r / low) / math.log(high / low), 0), 1) - 1
        angles = [math.pi / 2 * t * octave for octave in (1, 2, 4)]
        return [t] + [f(angle) for angle in angles for f in (math.sin, math.cos)]


# ---- the flow ----

class Step(nn.Module):
    """One Euler step of rows in ln r, as expressions: x + h (x - xhat(x, r))."""

    def __init__(self, made):
        super().__init__()
        self.net = made.net
        for name in ('center', 'variance'):
            self.register_buffer(name, getattr(made, name))
        self.deviation = nn.Parameter(made.variance.sqrt(), requires_grad=False)
        self.d: float = float(made.settings['aug_dim'])
        self.v: float = made.settings['mean_variance']
        self.radius: float = made.settings['radius']

    def slope(self, x, features, u0: float):
        n = float(x.shape[1])
        shifted = x - self.center
        q = (shifted * shifted).sum(1, keepdim=True)
        share = u0 / (self.v + u0)
        expected = q * (share * share) + n * self.v * share
        nearest = (q.sqrt() - self.radius).clamp_min(0)
        u = (torch.maximum(expected, nearest * nearest) + u0 * self.d) / (n + self.d)
        excess = (u / u0).log() / 2
        scale = (self.variance + u).rsqrt()
        scaled = shifted * scale
        f = self.net(torch.cat([scaled, features.expand(x.shape[0], 7),
                                excess / (1 + excess.abs())], 1))
        root = u.sqrt()
        return root * scale * (root * scaled - self.deviation * f)

    def forward(self, x, features, u0: float, h: float):
        return x + h * self.slope(x, features, u0)


class InPlace:
    """The same step into buffers that are made once."""

    def __init__(self, step, block):
        self.step, self.dim = step, len(step.center)
        self.layers = [(each.weight.T.contiguous(), each.bias)
                       for each in step.net if isinstance(each, nn.Linear)]
        self.input = torch.empty(block, self.dim + 8)
        self.hidden = [torch.empty(block, weight.shape[1]) for weight, _ in self.layers]
        self.square, self.scale = (torch.empty(block, self.dim) for _ in range(2))
        self.told = None

    def __call__(self, x, features, u0, h):
        n, dim, step = len(x), self.dim, self.step
        rows, square, scale = self.input[:n], self.square[:n], self.scale[:n]
        shifted = rows[:, :dim]
        torch.sub(x, step.center, out=shifted)
        torch.mul(shifted, shifted, out=square)
        q = square.sum(1, keepdim=True)
        share = u0 / (step.v + u0)
        nearest = q.sqrt().sub_(step.radius).clamp_min_(0).square_()
        u = q.mul_(share * share).add_(dim * step.v * share)
        torch.maximum(u, nearest, out=u).add_(u0 * step.d).div_(dim + step.d)
        excess = torch.div(u, u0, out=nearest).log_().div_(2)
        torch.add(step.variance, u, out=scale).rsqrt_()
        shifted.mul_(scale)
        rows[:, dim:-1] = features
        torch.div(excess, excess.abs().add_(1), out=rows[:, -1:])
        value = rows
        for (weight, bias), out in zip(self.layers, self.hidden):
            out = out[:n]
            torch.addmm(bias, value, weight, out=out)
            value = out if out.shape[1] == dim and weight is self.layers[-1][0] \
                else F.silu(out, inplace=True)
        root = u.sqrt_()
        value.mul_(step.deviation)
        torch.mul(shifted, root, out=square)
        square.sub_(value).mul_(scale).mul_(root)
        return x.add_(square, alpha=h)


def plan_of(made, steps, dtype):
    """What each step is told: features, u0, and the step in ln r."""
    heights = made.heights(steps)
    h = math.log(heights[-1] / heights[0]) / steps
    return [(torch.tensor([made.features(r)], dtype=dtype),
             r ** 2 / made.settings['aug_dim'], h) for r in heights[:-1]]


def check(step, made, path):
    """The field must be libpflow's at the probe's rows."""
    probe = torch.from_numpy(numpy.load(path))
    dim = len(made.center)
    worst = 0.0
    for row in probe:
        r = row[dim].item()
        features = torch.tensor([made.features(r)])
        got = step.slope(row[None, :dim], features, r ** 2 / made.settings['aug_dim'])[0]
        want = row[dim + 1:]
        worst = max(worst, ((got - want).norm() / want.norm()).item())
    note('field differs by at most %.1e' % worst)
    if not worst < 1e-4:
        sys.exit('peer.py: the field is not that of %s' % path)


def frozen(step, example):
    """The step as TorchScript, frozen and optimised; None where that does not work."""
    try:
        traced = torch.jit.optimize_for_inference(torch.jit.script(step.eval()))
        for _ in range(3):
            traced(*example)
        return traced
    except RuntimeError as error:
        note('no TorchScript: %s' % str(error).splitlines()[-1])
        return None


def error_of(got, ends):
    """Both as libpflow's side says it."""
    if ends == '-':
        return
    want = torch.from_numpy(numpy.load(ends))
    gaps = (got[:len(want)] - want).double().square().sum(1)
    note('error %.2g (largest %.2g)' % (gaps.mean().sqrt(), gaps.max().sqrt()))


class Flow:
    """Some rows of a file by so many Euler steps, in the form that is fastest."""

    def __init__(self, map, x, begin, end, steps):
        self.made = Map(map, torch.float32)
        self.step = Step(self.made)
        self.points = torch.from_numpy(numpy.load(x)[begin:end])
        self.plan = plan_of(self.made, steps, torch.float32)
        self.out = torch.empty(len(self.points), len(self.made.center))

    def steppers(self):
        """The forms by name and rows a block."""
        example = (self.points[:, :len(self.made.center)], *self.plan[0])
        forms = {'expressions': self.step, 'TorchScript': frozen(self.step, example)}
        blocks = [block for block in (250, 1000, 2000, 5000, 10000)
                  if block <= len(self.points)] or [len(self.points)]
        made = {(name, block): form for name, form in forms.items() for block in blocks if form}
        made.update((('in place', block), InPlace(self.step, block)) for block in blocks)
        return made

    def run(self, stepper, block, most, plan):
        for begin in range(0, most, block):
            part = self.points[begin:min(begin + block, most)]
            u = torch.addmm(self.made.offset, part, self.made.matrix)
            for each in plan:
                u = stepper(u, *each)
            self.out[begin:begin + len(part)] = F.normalize(u)

    def choose(self):
        """A function that does the whole flow, in the form of least time for a part of it."""
        steppers = self.steppers()
        some = self.plan[:max(len(self.plan) // 20, 1)]
        most = min(len(self.points), 10000)
        form, block = fastest(steppers, lambda choice: self.run(steppers[choice], choice[1],
                                                                most, some),
                              'form and rows a block')
        return lambda: self.run(steppers[form, block], block, len(self.points), self.plan)


def map_euler(map, x, rows=20000, steps=100, repeats=1, probe='-', ends='-'):
    """Every operation on all threads."""
    with torch.inference_mode():
        flow = Flow(map, x, 0, rows, steps)
        if probe != '-':
            check(flow.step, flow.made, probe)
        seconds = median_seconds(flow.choose(), repeats)
        error_of(flow.out, ends)
    return seconds


def map_part(map, x, begin, end, steps, ends):
    """One of the processes below: does its rows whenever it is told to."""
    with torch.inference_mode():
        flow = Flow(map, x, begin, end, steps)
        run = flow.choose()
        for _ in iter(sys.stdin.readline, ''):
            run()
            print(peak_mib(), flush=True)  # that it is done
        peak['mib'] = peak_mib()
        if begin == 0:
            error_of(flow.out, ends)
    return 0.0


def map_euler_apart(map, x, rows=20000, steps=100, repeats=1, probe='-', ends='-'):
    """A process for each thread, with its share of the rows, ready before the clock starts."""
    del probe  # map_euler checks the field
    count = torch.get_num_threads()
    env = dict(os.environ, OMP_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1')
    parts = []
    for i in range(count):
        words = {'map': map, 'x': x, 'begin': rows * i // count,
                 'end': rows * (i + 1) // count, 'steps': steps, 'ends': ends}
        parts.append(subprocess.Popen(
            [sys.executable] + sys.argv[:1] + [word for word in sys.argv[1:2] if word == '--plain']
            + ['map_part'] + ['%s=%s' % each for each in words.items()],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def run():
        for part in parts:
            part.stdin.write('go\n')
            part.stdin.flush()
        peak['mib'] = sum(float(part.stdout.readline()) for part in parts)
    try:
        seconds = statistics.median([seconds_of(run) for _ in range(repeats + 1)][1:])
    finally:
        for part in parts:
            part.communicate()
    return seconds


def map_ends(map, x, out, rows=1000, steps=1000):
    """Writes where the first rows end, by RK4 in double; says what half the steps give."""
    made = Map(map, torch.float64)
    step = Step(made)
    start = torch.addmm(made.offset, torch.from_numpy(numpy.load(x)[:rows]).double(), made.matrix)

    def flow(count):
        u, plan = start, plan_of(made, 2 * count, torch.float64)
        heights = made.heights(2 * count)
        last = (torch.tensor([made.features(heights[-1])], dtype=torch.float64),
                heights[-1] ** 2 / made.settings['aug_dim'])
        told = [each[:2] for each in plan] + [last]
        h = 2 * plan[0][2]
        for i in range(0, 2 * count, 2):
            k1 = step.slope(u, *told[i])
            k2 = step.slope(u + h / 2 * k1, *told[i + 1])
            k3 = step.slope(u + h / 2 * k2, *told[i + 1])
            k4 = step.slope(u + h * k3, *told[i + 2])
            u = u + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return F.normalize(u)
    with torch.inference_mode():
        ends = flow(steps)
        note('half the steps: off by %.1e' % (flow(steps // 2) - ends).norm(dim=1).max())
        seconds = median_seconds(lambda: None, 1)
    numpy.save(out, ends.float().numpy())
    return seconds


JOBS = {'map_euler': map_euler, 'map_euler_apart': map_euler_apart, 'map_part': map_part,
        'map_ends': map_ends}
