"""The same jobs in PyTorch: prints the seconds of one step.

usage: peer.py train_step|train_step_nchw|field_step|field_step_matmul [STEPS]
"""
import statistics
import sys
import time

import torch
from torch import nn
import torch.nn.functional as F


class UnitRows(nn.Module):
    def forward(self, x):
        return x / x.norm(dim=1, keepdim=True)


def alexnet():
    layers, width = [], 3
    for index, channels in enumerate((96, 192, 384, 384, 192)):
        layers += [nn.Conv2d(width, channels, 3, padding=1, bias=False),
                   nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        if index in (0, 1, 4):
            layers.append(nn.MaxPool2d(3, 2))
        width = channels
    layers += [nn.Flatten(),
               nn.Linear(1728, 4096, bias=False), nn.BatchNorm1d(4096), nn.ReLU(inplace=True),
               nn.Linear(4096, 4096, bias=False), nn.BatchNorm1d(4096), nn.ReLU(inplace=True),
               nn.Linear(4096, 128), UnitRows(), nn.Linear(128, 10)]
    return nn.Sequential(*layers)


def train_step(steps, memory_format):
    net = alexnet().to(memory_format=memory_format)
    adam = torch.optim.Adam(net.parameters())
    x = torch.rand(256, 3, 32, 32).contiguous(memory_format=memory_format)
    labels = torch.arange(256) % 10
    times = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        adam.zero_grad(set_to_none=True)
        F.cross_entropy(net(x), labels).backward()
        adam.step()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


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
    """Distances and the weighted sum as matrix products."""
    d = sources.shape[1] - 1
    distance2 = (y * y).sum(1, keepdim=True) - 2 * y @ sources.T + (sources * sources).sum(1)
    logits = -(d + 1) / 2 * distance2.clamp_min(1e-12).log()
    e = torch.softmax(logits, 1) @ sources - y
    return e / (e.norm(dim=1, keepdim=True) + gamma) * d ** 0.5


def field_step(steps, target):
    d, n, q = 128, 1024, 128
    x = F.normalize(torch.randn(n, d), dim=1)
    sources = torch.cat([x, torch.zeros(n, 1)], dim=1)
    net = nn.Sequential(nn.Linear(d + 1, d + 1), nn.ReLU(), nn.Linear(d + 1, d + 1), nn.ReLU(),
                        nn.Linear(d + 1, d + 1))
    adam = torch.optim.Adam(net.parameters())
    times = []
    for _ in range(steps + 3):
        start = time.perf_counter()
        with torch.no_grad():
            y = perturb(x[:q])
            wanted = target(y, sources)
        adam.zero_grad(set_to_none=True)
        F.mse_loss(net(y), wanted).backward()
        adam.step()
        times.append(time.perf_counter() - start)
    return statistics.mean(times[3:])


JOBS = {
    'train_step': lambda n: train_step(n or 3, torch.channels_last),
    'train_step_nchw': lambda n: train_step(n or 3, torch.contiguous_format),
    'field_step': lambda n: field_step(n or 20, target_broadcast),
    'field_step_matmul': lambda n: field_step(n or 200, target_matmul),
}

if __name__ == '__main__':
    torch.manual_seed(0)
    print('%.6f' % JOBS[sys.argv[1]](int(sys.argv[2]) if len(sys.argv) > 2 else 0))
