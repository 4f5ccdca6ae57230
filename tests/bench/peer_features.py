"""Measures of features in PyTorch: nearest neighbours, logistic regression.

Rows and labels are read from the .npy files that libpflow's side reads.
"""
import numpy
import torch
import torch.nn.functional as F

from peer_common import fastest, median_seconds, note


def load(x, labels):
    return (torch.from_numpy(numpy.load(x)),
            torch.from_numpy(numpy.load(labels)).long())


def knn(x, labels, queries=10000, known=50000, k=10, repeats=1):
    """A vote of the k nearest: products of blocks of queries with all rows, then topk."""
    rows, labels = load(x, labels)
    train, asked = rows[:known], rows[known:known + queries]
    lengths = (train * train).sum(1)
    classes = int(labels.max()) + 1
    votes = torch.empty(queries, dtype=torch.long)

    def run(block, most=queries):
        for begin in range(0, most, block):
            part = slice(begin, min(begin + block, most))
            near = torch.addmm(lengths, asked[part], train.T, alpha=-2)
            nearest = near.topk(k, 1, largest=False, sorted=False).indices
            votes[part] = F.one_hot(labels[nearest], classes).sum(1).argmax(1)
    with torch.inference_mode():
        blocks = [block for block in (50, 200, 1000) if block <= queries] or [queries]
        best = fastest(blocks, lambda block: run(block, min(queries, 1000)), 'queries a block')
        seconds = median_seconds(lambda: run(best), repeats)
    right = (votes == labels[known:known + queries]).float().mean().item()
    note('accuracy %.4f' % right)
    return seconds


def logistic(x, labels, c=1.0, tolerance=1e-6, repeats=3):
    """scikit-learn's objective c * sum of losses + ||W||^2 / 2, divided by the rows."""
    rows, labels = load(x, labels)
    n, dim = rows.shape
    classes = int(labels.max()) + 1
    found = {}

    def run():
        weight = torch.zeros(classes, dim, requires_grad=True)
        bias = torch.zeros(classes, requires_grad=True)
        solver = torch.optim.LBFGS([weight, bias], max_iter=2000, max_eval=4000,
                                   tolerance_grad=tolerance, tolerance_change=0,
                                   history_size=20, line_search_fn='strong_wolfe')

        def closure():
            solver.zero_grad()
            loss = c * F.cross_entropy(F.linear(rows, weight, bias), labels) \
                + weight.square().sum() / (2 * n)
            loss.backward()
            return loss
        solver.step(closure)
        found['weight'], found['bias'] = weight.detach(), bias.detach()
        found['iterations'] = solver.state[weight]['n_iter']
        found['gradient'] = max(weight.grad.abs().max().item(), bias.grad.abs().max().item())
    seconds = median_seconds(run, repeats)
    weight, bias = found['weight'].double(), found['bias'].double()
    logits = F.linear(rows.double(), weight, bias)
    objective = c * F.cross_entropy(logits, labels, reduction='sum') \
        + weight.square().sum() / 2
    accuracy = (logits.argmax(1) == labels).double().mean().item()
    note('%d iterations, objective %.12g, gradient %.2g, accuracy %.4f'
         % (found['iterations'], objective.item(), found['gradient'], accuracy))
    return seconds


JOBS = {'knn': knn, 'logistic': logistic}
