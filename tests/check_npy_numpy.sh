#!/bin/sh
# NumPy reads the .npy files that the library writes, and the other way round.
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


random = np.random.default_rng(1)
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
