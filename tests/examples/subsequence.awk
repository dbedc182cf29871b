# SPDX-License-Identifier: MIT OR Apache-2.0
# Expected output of docs/examples/futures.c for n, by one table row after another.
function text(seed, letters, i) {
    for (i = 1; i <= n; i++) {
        seed = (seed * 1664525 + 1013904223) % 4294967296
        letters[i] = int(seed / 1073741824)
    }
}

BEGIN {
    text(1, a)
    text(2, b)
    for (i = 1; i <= n; i++) {
        corner = 0
        for (j = 1; j <= n; j++) {
            above = row[j] + 0
            row[j] = a[i] == b[j] ? corner + 1 : above > row[j - 1] + 0 ? above : row[j - 1] + 0
            corner = above
        }
    }
    printf "%d of %d, %.1f %%\n", row[n], n, 100 * row[n] / n
}
