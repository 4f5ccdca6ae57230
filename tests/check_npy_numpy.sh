#!/bin/sh
# NumPy reads the .npy, .fvecs and .ivecs files that the library writes, and the other way
# round.
# Usage: check_npy_numpy.sh BUILD_DIR (with lib/libpflow.so). 77: skipped.
set -eu
library=$1/lib/libpflow.so
python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import numpy' 2>/dev/null; then python=$candidate; fi
done
if [ -z "$python" ]; then
  echo "skipped: python3 has no numpy"
  exit 77
fi
if grep -q '^PFLOW_SANITIZE:STRING=.' "$1/CMakeCache.txt"; then
  echo "skipped: a library with sanitizers cannot be loaded into Python"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" - "$library" "$folder" <<'PYTHON'
import ctypes, sys
import numpy as np

lib, folder = ctypes.CDLL(sys.argv[1]), sys.argv[2]
lib.pflow_errmsg.restype = ctypes.c_char_p
lib.pflow_rows_count.restype = lib.pflow_rows_dim.restype = ctypes.c_size_t
size, pointer = ctypes.c_size_t, ctypes.c_void_p
path = folder + "/a.npy"
name = path.encode()


def ok(code):
    if code != 0:
        sys.exit("%d: %s" % (code, lib.pflow_errmsg().decode()))


def floats_there_and_back(array):
    """NumPy's file is read, written again, and read by NumPy."""
    tensor = ctypes.c_void_p()
    np.save(path, array)
    ok(lib.pflow_npy_load(ctypes.byref(tensor), name))
    ok(lib.pflow_npy_save(name, tensor))
    lib.pflow_tensor_destroy(tensor)
    back = np.load(path)
    wants = array.astype(np.float32)
    assert back.dtype == np.float32 and back.shape == array.shape
    assert back.tobytes() == wants.tobytes(), array.shape


def labels_there_and_back(array):
    labels, n = ctypes.POINTER(ctypes.c_int32)(), ctypes.c_size_t()
    np.save(path, array)
    ok(lib.pflow_npy_load_labels(ctypes.byref(labels), ctypes.byref(n), name))
    ok(lib.pflow_npy_save_labels(name, labels, n))
    lib.pflow_free(labels)
    back = np.load(path)
    assert back.dtype == np.int32 and (back == array).all() and back.shape == array.shape


def write_vecs(path, array):
    """Each row behind its length, all of 4 bytes."""
    lengths = np.full((len(array), 1), array.shape[1], "<i4")
    np.hstack([lengths, array.view("<i4")]).tofile(path)


def read_vecs(path, dtype):
    words = np.fromfile(path, "<i4")
    rows = words.reshape(-1, words[0] + 1)
    assert (rows[:, 0] == words[0]).all()
    return np.ascontiguousarray(rows[:, 1:]).view(dtype)


def copy_rows(source, target, block):
    """Through the library, block by block."""
    rows, writer = ctypes.c_void_p(), ctypes.c_void_p()
    ok(lib.pflow_rows_open(ctypes.byref(rows), source.encode()))
    n, dim = lib.pflow_rows_count(rows), lib.pflow_rows_dim(rows)
    ok(lib.pflow_rows_create(ctypes.byref(writer), target.encode(), size(n), size(dim)))
    x = np.empty((block, dim), np.float32)
    for begin in range(0, n, block):
        m = size(min(block, n - begin))
        ok(lib.pflow_rows_read(rows, size(begin), m, x.ctypes.data_as(pointer)))
        ok(lib.pflow_rows_append(writer, x.ctypes.data_as(pointer), m))
    ok(lib.pflow_rows_commit(writer))
    lib.pflow_rows_close(rows)


def rows_there_and_back(array, block):
    """NumPy's files of both formats, each copied into both."""
    sources = [folder + "/in.npy", folder + "/in.fvecs"]
    wants = array.astype(np.float32)
    np.save(sources[0], array)
    write_vecs(sources[1], wants)
    for source in sources:
        copy_rows(source, folder + "/out.npy", block)
        copy_rows(source, folder + "/out.fvecs", block)
        for back in [np.load(folder + "/out.npy"), read_vecs(folder + "/out.fvecs", "<f4")]:
            assert back.dtype == np.float32 and back.shape == array.shape
            assert back.tobytes() == wants.tobytes(), (array.shape, array.dtype, block)


def label_files_there_and_back(array):
    labels, n = ctypes.POINTER(ctypes.c_int32)(), size()
    write_vecs(folder + "/in.ivecs", array.reshape(-1, 1))
    for ending in ["ivecs", "npy"]:
        source = folder + "/in.ivecs" if ending == "ivecs" else path
        ok(lib.pflow_labels_load(ctypes.byref(labels), ctypes.byref(n), source.encode()))
        ok(lib.pflow_labels_save(folder.encode() + b"/out.ivecs", labels, n))
        ok(lib.pflow_labels_save(name, labels, n))
        lib.pflow_free(labels)
        assert (read_vecs(folder + "/out.ivecs", "<i4")[:, 0] == array).all()
        assert np.load(path).dtype == np.int32 and (np.load(path) == array).all()


random = np.random.default_rng(1)
for shape in [(1, 1), (1, 4096), (1000, 1), (3, 4), (129, 65), (50, 5000)]:
    for kind in ["<f2", "<f4", "<f8"]:
        array = random.standard_normal(shape).astype(kind)
        rows_there_and_back(array, 1 if shape[0] < 10 else 64)
        rows_there_and_back(array, shape[0])
label_files_there_and_back(random.integers(0, 2**31, 5000).astype("<i4"))
for shape in [(1,), (1000,), (3, 4), (129, 65), (2, 3, 5), (2, 3, 4, 5)]:
    floats_there_and_back(random.standard_normal(shape).astype("<f4"))
    floats_there_and_back(random.standard_normal(shape))
for kind in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
    labels_there_and_back(random.integers(0, 100, 3000).astype(kind))
with open(path, "wb") as file:
    np.lib.format.write_array(file, np.ones((2, 3)), version=(2, 0))
tensor = ctypes.c_void_p()
ok(lib.pflow_npy_load(ctypes.byref(tensor), name))
lib.pflow_tensor_destroy(tensor)
np.save(path, np.asfortranarray(np.ones((2, 3))))
assert lib.pflow_npy_load(ctypes.byref(tensor), name) == -13
np.save(path, np.zeros(3, dtype=[("x", "<f4")]))
assert lib.pflow_npy_load(ctypes.byref(tensor), name) == -13
PYTHON
