"""Poisson fields in PyTorch: a step of field training, flows, the exact field."""
import torch
from torch import nn
import torch.nn.functional as F

from peer_common import choose_adam, fastest, median_seconds, note


# ---- a step of field training ----

def perturb(x, sigma=0.01, tau=0.03, m_max=20.0):
    n, d = x.shape
    grow = (1 + tau) ** (torch.rand(n, 1) * m_max)
    z = torch.randn(n, 1).abs() * sigma * grow
    radius = (torch.randn(n, d) * sigma).norm(dim=1, keepdim=True) * grow
    unit = F.normalize(torch.randn(n, d), dim=1)
    return torch.cat([x + radius * unit, z], dim=1)


def target_broadcast(y, sources, gamma=0.3):
    """As the post's script does it, with q x n x (d + 1) temporaries."""
    d = sources.shape[1] - 1
    gap = sources[None] - y[:, None]
    distance = gap.norm(dim=2)
    ratio = (distance.min(1, keepdim=True).values / distance) ** (d + 1)
    weight = ratio / ratio.sum(1, keepdim=True)
    e = (weight[:, :, None] * gap).sum(1)
    return e / (e.norm(dim=1, keepdim=True) + gamma) * d ** 0.5


def target_matmul(y, sources, gamma=0.3):
    """Distances and the weighted sum as matrix products; fewer digits on tight clusters."""
    d = sources.shape[1] - 1
    lengths = (y * y).sum(1, keepdim=True) + (sources * sources).sum(1)
    distance2 = torch.addmm(lengths, y, sources.T, alpha=-2).clamp_min_(1e-12)
    weight = torch.softmax(distance2.log_().mul_(-(d + 1) / 2), 1)
    e = torch.addmm(y, weight, sources, beta=-1)
    return e / (e.norm(dim=1, keepdim=True) + gamma) * d ** 0.5


def field_net(width):
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(inplace=True),
                         nn.Linear(width, width), nn.ReLU(inplace=True),
                         nn.Linear(width, width))


def field_step(sources=1024, queries=128, dim=128, repeats=20, target=target_broadcast):
    x = F.normalize(torch.randn(sources, dim), dim=1)
    y = torch.cat([x, torch.zeros(sources, 1)], dim=1)
    net = field_net(dim + 1)
    adam = torch.optim.Adam(net.parameters())

    def step(set_to_none=False):
        with torch.no_grad():
            points = perturb(x[:queries])
            wanted = target(points, y)
        adam.zero_grad(set_to_none=set_to_none)
        F.mse_loss(net(points), wanted).backward()
        adam.step()
    none = choose_adam(adam, step)
    return median_seconds(lambda: [step(none) for _ in range(repeats)], 3) / repeats


def field_step_matmul(repeats=100, **sizes):
    return field_step(repeats=repeats, target=target_matmul, **sizes)


# ---- the flow through a learned field ----

class Flow:
    """dy/ds = E / (E . y) with E a network's value, in blocks of rows."""

    def __init__(self, dim, block):
        torch.manual_seed(0)
        net = field_net(dim + 1)
        self.layers = [(net[i].weight.detach().T.contiguous(), net[i].bias.detach())
                       for i in (0, 2, 4)]
        self.first, self.second, self.e, self.product, self.at, self.sum = \
            (torch.empty(block, dim + 1) for _ in range(6))

    def slope(self, y):
        """The slope at a block of rows, in self.e."""
        n = len(y)
        first, second, e, product = \
            (buffer[:n] for buffer in (self.first, self.second, self.e, self.product))
        (w1, b1), (w2, b2), (w3, b3) = self.layers
        torch.addmm(b1, y, w1, out=first).relu_()
        torch.addmm(b2, first, w2, out=second).relu_()
        torch.addmm(b3, second, w3, out=e)
        torch.mul(e, y, out=product)
        return e.div_(product.sum(1, keepdim=True))

    def euler(self, y, h):
        y.add_(self.slope(y), alpha=h)

    def rk4(self, y, h):
        n = len(y)
        at, total = self.at[:n], self.sum[:n]
        total.copy_(self.slope(y))
        for reach, weight in ((0.5, 2), (0.5, 2), (1, 1)):
            torch.add(y, self.e[:n], alpha=h * reach, out=at)
            total.add_(self.slope(at), alpha=weight)
        y.add_(total, alpha=h / 6)


def flow(rows=50000, steps=10, dim=128, repeats=3, method='euler'):
    torch.manual_seed(0)
    start = F.normalize(torch.randn(rows, dim), dim=1)
    start = torch.cat([start, torch.zeros(rows, 1)], dim=1)
    y = torch.empty_like(start)
    h, works = 0.01, {}

    def prepare(block):
        y.copy_(start)
        if block not in works:
            works[block] = Flow(dim, block)

    def run(block, most=rows):
        for begin in range(0, most, block):
            part = y[begin:min(begin + block, most)]
            for _ in range(steps):
                getattr(works[block], method)(part, h)
    with torch.inference_mode():
        blocks = [block for block in (250, 500, 1000, 2000, 5000, 10000, rows)
                  if block <= rows] or [rows]
        best = fastest(blocks, lambda block: run(block, min(rows, 20000)), 'rows a block',
                       prepare)
        return median_seconds(lambda: run(best), repeats, lambda: prepare(best))


def flow_rk4(**sizes):
    return flow(method='rk4', **sizes)


# ---- the exact field ----

def exact_block(x, sources, lengths, begin, height, power):
    """x - xhat(x, height) for rows `begin` and following of the sources, without themselves:
    xhat is the mean of the sources weighted by (||x - s||^2 + height^2)^-power."""
    distance2 = torch.addmm(lengths, x, sources.T, alpha=-2)
    distance2.add_((x * x).sum(1, keepdim=True)).clamp_min_(0).add_(height ** 2)
    distance2[:, begin:begin + len(x)].fill_diagonal_(float('inf'))
    weight = torch.softmax(distance2.log_().mul_(-power), 1)
    return torch.addmm(x, weight, sources, alpha=-1)


def exact_field(queries=2000, sources=50000, dim=128, repeats=5, height=1.0, clusters=0):
    points = F.normalize(torch.randn(sources, dim), dim=1)
    if clusters:  # as bench_exact_field.c places them
        centers = F.normalize(torch.randn(clusters, dim), dim=1)
        points.mul_(0.3).add_(centers[torch.arange(sources) * clusters // sources])
    lengths = (points * points).sum(1)
    out = torch.empty(queries, dim)
    power = (dim + 1) / 2

    def run(block, most=queries):
        for begin in range(0, most, block):
            end = min(begin + block, most)
            out[begin:end] = exact_block(points[begin:end], points, lengths, begin, height,
                                         power)
    with torch.inference_mode():
        blocks = [block for block in (25, 100, 250, 500) if block <= queries] or [queries]
        best = fastest(blocks, lambda block: run(block, min(queries, 500)), 'queries a block')
        seconds = median_seconds(lambda: run(best), repeats)
        exact = exact_block(points[:20].double(), points.double(), lengths.double(), 0, height,
                            power)
        note('largest error %.2g' % (out[:20].double() - exact).abs().max().item())
    return seconds


JOBS = {'field_step': field_step, 'field_step_matmul': field_step_matmul, 'flow': flow,
        'flow_rk4': flow_rk4, 'exact_field': exact_field, 'exact_near': exact_field}
