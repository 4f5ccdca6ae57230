"""SmallAlexNet in PyTorch: training steps and prediction; products of the BLAS."""
import torch
from torch import nn
import torch.nn.functional as F

from peer_common import choose_adam, fastest, median_seconds, note


class UnitRows(nn.Module):
    def forward(self, x):
        return x / x.norm(dim=1, keepdim=True)


def alexnet(width=1.0):
    layers, inputs = [], 3
    hidden = round(4096 * width)
    for index, channels in enumerate((96, 192, 384, 384, 192)):
        channels = round(channels * width)
        layers += [nn.Conv2d(inputs, channels, 3, padding=1, bias=False),
                   nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        if index in (0, 1, 4):
            layers.append(nn.MaxPool2d(3, 2))
        inputs = channels
    layers += [nn.Flatten(),
               nn.Linear(9 * inputs, hidden, bias=False), nn.BatchNorm1d(hidden),
               nn.ReLU(inplace=True),
               nn.Linear(hidden, hidden, bias=False), nn.BatchNorm1d(hidden),
               nn.ReLU(inplace=True),
               nn.Linear(hidden, 128), UnitRows(), nn.Linear(128, 10)]
    return nn.Sequential(*layers)


def train_step(rows=256, percent=100, repeats=3, memory_format=torch.channels_last):
    net = alexnet(percent / 100).to(memory_format=memory_format)
    adam = torch.optim.Adam(net.parameters())
    x = torch.rand(rows, 3, 32, 32).contiguous(memory_format=memory_format)
    labels = torch.arange(rows) % 10

    def step(set_to_none=False):
        adam.zero_grad(set_to_none=set_to_none)
        F.cross_entropy(net(x), labels).backward()
        adam.step()
    none = choose_adam(adam, step)
    return median_seconds(lambda: step(none), repeats)


def train_step_nchw(**sizes):
    return train_step(memory_format=torch.contiguous_format, **sizes)


def inference(rows=256, percent=100, repeats=5):
    net = alexnet(percent / 100).eval().to(memory_format=torch.channels_last)
    x = torch.rand(rows, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    forms = {'eager': net}
    try:
        script = torch.jit.trace(net, x)
        forms['script'] = torch.jit.optimize_for_inference(torch.jit.freeze(script))
    except RuntimeError as error:
        note('no frozen TorchScript: %s' % error)
    with torch.inference_mode():
        wanted = net(x)
        for name, form in forms.items():
            if not torch.allclose(form(x), wanted, atol=1e-4):
                raise SystemExit('the peer\'s %s prediction differs' % name)
        form = forms[fastest(forms, lambda name: forms[name](x), 'prediction')]
        return median_seconds(lambda: form(x), repeats)


def blas(repeats=3):
    """A product as in the network's linear layers; ends with an error when it is wrong."""
    worst = 0.0
    for m, n, k in ((256, 4096, 4096), (500, 129, 129), (128, 1000, 129), (4096, 1728, 256)):
        a, b = torch.randn(m, k), torch.randn(k, n)
        exact = a.double() @ b.double()
        worst = max(worst, ((a @ b).double() - exact).abs().max().item() / k ** 0.5)
    if not worst < 1e-4:
        raise SystemExit('the BLAS is wrong here: error %g' % worst)
    a, b = torch.randn(256, 4096), torch.randn(4096, 4096)
    small, square, out = torch.randn(2000, 129), torch.randn(129, 129), torch.empty(2000, 129)

    def run():
        torch.mm(a, b)
        torch.mm(a.T, a)
        for _ in range(100):
            torch.mm(small, square, out=out)
    note('largest error %.2g' % worst)
    return median_seconds(run, repeats)


def empty():
    """Nothing: what the import of PyTorch takes of the memory."""
    return median_seconds(lambda: None, 1)


JOBS = {'empty': empty, 'train_step': train_step, 'train_step_nchw': train_step_nchw, 'inference': inference,
        'blas': blas}
