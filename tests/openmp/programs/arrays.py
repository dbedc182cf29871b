# SPDX-License-Identifier: MIT OR Apache-2.0
"""NumPy on the BLAS and LAPACK of OpenBLAS's OpenMP build: prints digests of results, which do not change from run to run
with the same number of threads. Threads of the host's own call it at the same time in the end."""
import hashlib
import threading

import numpy


def show(name, array):
    print(name, hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).hexdigest()[:16], flush=True)


draw = numpy.random.default_rng(1)
square = draw.integers(-9, 9, (500, 500)).astype(float)
tall = draw.random((500, 200))
show("product", square @ square)
show("tall product", square @ tall)
show("solution", numpy.linalg.solve(square + 500 * numpy.eye(500), tall))
show("eigenvalues", numpy.linalg.eigvalsh(square + square.T))
show("singular values", numpy.linalg.svd(tall, compute_uv=False))

products = [None] * 3


def multiply(i):
    products[i] = square @ (square + i)


threads = [threading.Thread(target=multiply, args=(i,)) for i in range(len(products))]
for one in threads:
    one.start()
for one in threads:
    one.join()
for i, product in enumerate(products):
    show(f"product of thread {i}", product)
