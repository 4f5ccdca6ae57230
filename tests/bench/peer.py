"""The bench jobs in PyTorch, written as well as we know how.

usage: peer.py [--plain] JOB [NAME=VALUE ...] [+ JOB [NAME=VALUE ...]] ...
       peer.py --list

Prints, as its last line, what the C programs print: seconds of one job, 0 (it counts no
operations), and the process's peak memory in MiB; such a line for each of several jobs. Notes
go to standard error. Names and usual values of the sizes are those of the job's function; `repeats` is the number of timed
runs, whose median is printed, after one that is not timed.

What is done for the peer's sake (--plain leaves out what is marked *):
- * Memory. By default glibc hands every large block back to the kernel when it is freed, and
  each training step faults its pages in again; on virtual machines that costs more than the
  arithmetic. MALLOC_MMAP_MAX_=0, a high MALLOC_TRIM_THRESHOLD_ and MALLOC_TOP_PAD_ keep the
  memory in the process and GLIBC_TUNABLES=glibc.malloc.hugetlb=1 asks for huge pages. Debian's
  jemalloc and tcmalloc, which PyTorch's tuning guide names, were tried and were not faster.
- * BLAS. Debian's PyTorch multiplies matrices with the system's BLAS. compare.py measures each
  kernel set that OpenBLAS has for this kind of processor (OPENBLAS_CORETYPE) with `peer.py
  blas`, drops those whose products are wrong, and runs the peer with the fastest.
- Threads: OMP_NUM_THREADS and OPENBLAS_NUM_THREADS as the caller set them, the same for both
  sides.
- Denormals are flushed to zero.
- Training in channels-last and in NCHW; Adam over all parameters in one call (foreach) or one
  by one, gradients set to zero or to none, whichever first steps show to be faster.
- Prediction in inference_mode, channels-last, plain or as TorchScript, frozen, with batch norm
  folded into the convolutions (optimize_for_inference), whichever is faster.
- The field's target by broadcasting, as the post's script has it, and with matrix products.
- Flow and exact field work in blocks of rows into buffers that are allocated once, with the
  block size that is fastest among several, tried in the same process. Neighbours likewise.
  The peak memory, which is read before results are checked, takes in these trials and the
  import of PyTorch, whose own is `peer.py empty`.
- Logistic regression: L-BFGS with strong Wolfe line search over the full batch, the gradient in
  closed form by autograd, stopped at the same gradient tolerance as libpflow; also over
  weights that are whitened by the curvature at 0, as libpflow's are.
"""
import os
import sys

TUNED = {
    'MALLOC_MMAP_MAX_': '0',
    'MALLOC_TRIM_THRESHOLD_': '100000000000',
    'MALLOC_TOP_PAD_': '1000000000',
    'GLIBC_TUNABLES': 'glibc.malloc.hugetlb=1',
}


def tune():
    """Starts the program anew with TUNED, which glibc reads only at the start."""
    if any(os.environ.get(name) != value for name, value in TUNED.items()):
        os.environ.update(TUNED)
        os.execv(sys.executable, [sys.executable] + sys.argv)


def number(text):
    """A whole number, a number, or else the word itself."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def split(words):
    """Jobs with their sizes from the words of the command line."""
    jobs = [[]]
    for word in words:
        if word == '+':
            jobs.append([])
        else:
            jobs[-1].append(word)
    return jobs


def run(jobs, words):
    import peer_common
    import torch
    if not words or words[0] not in jobs:
        sys.exit('peer.py: wants a job: ' + ' '.join(sorted(jobs)))
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    sizes = {name: number(value) for name, value in (word.split('=') for word in words[1:])}
    seconds = jobs[words[0]](**sizes)
    print('%.6f 0 %.1f' % (seconds, peer_common.peak['mib']))


def main(argv):
    words = [word for word in argv if word != '--plain']
    if words == argv:
        tune()
    import peer_features
    import peer_field
    import peer_map
    import peer_train
    jobs = {**peer_train.JOBS, **peer_field.JOBS, **peer_features.JOBS, **peer_map.JOBS}
    if words == ['--list']:
        print('\n'.join(sorted(jobs)))
        return
    for each in split(words):
        run(jobs, each)


if __name__ == '__main__':
    main(sys.argv[1:])
