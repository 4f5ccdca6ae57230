"""Reads and writes model files by the format's description alone, and evaluates the
networks in them with NumPy in double precision.

Usage: check_safetensors.py PROGRAM FOLDER, after `PROGRAM write FOLDER`.
"""
import json
import struct
import subprocess
import sys

import numpy as np


def read(path):
    """The header and the arrays of a file, whose values must cover it without gaps."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header, values = json.loads(data[8 : 8 + length]), data[8 + length :]
    assert length % 8 == 0
    arrays, position = {}, 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32" and begin == position, name
        arrays[name] = np.frombuffer(values[begin:end], "<f4").reshape(entry["shape"])
        position = end
    assert position == len(values)
    return header["__metadata__"], arrays


def write(path, metadata, arrays):
    """A valid file unlike the library's: no padding, white space, another order."""
    header, position, values = {}, 0, b""
    for name, array in arrays.items():
        data = array.astype("<f4").tobytes()
        header[name] = {
            "data_offsets": [position, position + len(data)],
            "shape": list(array.shape),
            "dtype": "F32",
        }
        position += len(data)
        values += data
    header = dict(reversed(list(header.items())))
    header["__metadata__"] = metadata
    text = json.dumps(header, indent=3, ensure_ascii=True).encode()
    text += b"\n" * (1 - len(text) % 2)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + values)


def windows(x, kernel, stride):
    """All windows of n x c x h x w images: n x c x oh x ow x kh x kw."""
    views = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    return views[:, :, :: stride[0], :: stride[1]]


def conv2d(x, a, p):
    x = np.pad(x, [(0, 0), (0, 0), (a["pad_h"],) * 2, (a["pad_w"],) * 2])
    patches = windows(
        x, (a["kernel_h"], a["kernel_w"]), (a["stride_h"], a["stride_w"])
    )
    y = np.einsum("nchwij,ocij->nohw", patches, p["weight"])
    return y + p["bias"][:, None, None] if a["bias"] else y


def batchnorm(x, a, p):
    shape = (1, -1) + (1,) * (x.ndim - 2)
    scale = p["weight"] / np.sqrt(p["running_var"] + a["eps"])
    return (x - p["running_mean"].reshape(shape)) * scale.reshape(shape) + p[
        "bias"
    ].reshape(shape)


def maxpool2d(x, a, p):
    size = (a["kernel"],) * 2
    return windows(x, size, (a["stride"],) * 2).max(axis=(4, 5))


def linear(x, a, p):
    y = x @ p["weight"].T
    return y + p["bias"] if a["bias"] else y


KINDS = {
    "conv2d": conv2d,
    "batchnorm": batchnorm,
    "maxpool2d": maxpool2d,
    "linear": linear,
    "relu": lambda x, a, p: np.maximum(x, 0),
    "silu": lambda x, a, p: x / (1 + np.exp(-x)),
    "flatten": lambda x, a, p: x.reshape(len(x), -1),
    "l2norm": lambda x, a, p: x / np.linalg.norm(x, axis=1, keepdims=True),
}


def predict(metadata, arrays, x):
    net = json.loads(metadata["pflow.net"])
    assert net["format"] == "pflow.net" and net["version"] == 1
    y = x.astype(np.float64).reshape([len(x)] + net["input"])
    for index, layer in enumerate(net["layers"]):
        prefix = "%d." % index
        own = {
            name[len(prefix) :]: array.astype(np.float64)
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        y = KINDS[layer["kind"]](y, layer["attrs"], own)
    return y


def check(what, got, wants):
    error = np.abs(got - wants).max() / np.abs(wants).max()
    print("%s: relative error %.1e" % (what, error))
    assert got.shape == wants.shape and error < 2e-6, what


def main(program, folder):
    model, x, y = (folder + "/" + n for n in ("model.safetensors", "x.npy", "y.npy"))
    metadata, arrays = read(model)
    rows = np.load(x)
    check("a file of the library", np.load(y), predict(metadata, arrays, rows))
    try:
        from safetensors.numpy import load_file

        others = load_file(model)
        assert others.keys() == arrays.keys()
        assert all((others[name] == array).all() for name, array in arrays.items())
        print("read by the safetensors package too")
    except ImportError:
        print("the safetensors package is not installed")

    random = np.random.default_rng(1)
    for name, array in arrays.items():
        arrays[name] = random.uniform(0.1, 1, array.shape).astype(np.float32)
    write(model, metadata, arrays)
    subprocess.run([program, "predict", model, x, y], check=True)
    check("a file of Python's", np.load(y), predict(metadata, arrays, rows))


main(*sys.argv[1:])
