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


def knn(x, labels, queries=10000, known=50000, k=10, repeats=3):
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


class Converged(Exception):
    """The gradient is within the tolerance: ends the solver."""


def whitening(rows, c, classes):
    """The inverse of L, L L^T = c / classes X^T X + I (I without the intercept, column 0) over
    the number of rows: v = L^T w has the same curvature in all directions at w = 0."""
    n, dim = rows.shape
    full = torch.cat([torch.ones(n, 1), rows], dim=1)
    curvature = (full.T @ full).double() * (c / classes)
    curvature.diagonal()[1:] += 1
    lower = torch.linalg.cholesky(curvature / n)
    return torch.linalg.inv(lower).float()


def logistic(x, labels, c=1.0, tolerance=1e-6, repeats=3, whitened=False):
    """scikit-learn's objective c * sum of losses + ||W||^2 / 2, divided by the rows; weights
    are rows [intercept, w]."""
    rows, labels = load(x, labels)
    n, dim = rows.shape
    classes = int(labels.max()) + 1
    found = {}

    def run():
        inverse = whitening(rows, c, classes) if whitened else None
        v = torch.zeros(classes, dim + 1, requires_grad=True)
        solver = torch.optim.LBFGS([v], max_iter=2000, max_eval=4000, tolerance_grad=0,
                                   tolerance_change=0, history_size=20,
                                   line_search_fn='strong_wolfe')
        found.update(evaluations=0)

        def closure():
            solver.zero_grad()
            weight = v @ inverse if whitened else v * 1
            weight.retain_grad()
            loss = c * F.cross_entropy(F.linear(rows, weight[:, 1:], weight[:, 0]), labels) \
                + weight[:, 1:].square().sum() / (2 * n)
            loss.backward()
            found.update(weight=weight.detach(), gradient=weight.grad.abs().max().item(),
                         evaluations=found['evaluations'] + 1)
            if found['gradient'] <= tolerance:
                raise Converged
            return loss
        try:
            solver.step(closure)
        except Converged:
            pass
        found['iterations'] = solver.state[v]['n_iter']
    seconds = median_seconds(run, repeats)
    weight = found['weight'].double()
    logits = F.linear(rows.double(), weight[:, 1:], weight[:, 0])
    objective = c * F.cross_entropy(logits, labels, reduction='sum') \
        + weight[:, 1:].square().sum() / 2
    accuracy = (logits.argmax(1) == labels).double().mean().item()
    note('%d iterations, %d evaluations, objective %.12g, gradient %.2g, accuracy %.4f'
         % (found['iterations'], found['evaluations'], objective.item(), found['gradient'],
            accuracy))
    return seconds


def logistic_whitened(**sizes):
    return logistic(whitened=True, **sizes)


JOBS = {'knn': knn, 'logistic': logistic, 'logistic_whitened': logistic_whitened}
