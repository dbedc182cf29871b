# SPDX-License-Identifier: MIT OR Apache-2.0
"""Relations between events. A relation is a list: for each event a bit set of the events that it leads to."""


def pairs(size, those):
    result = [0] * size
    for a, b in those:
        result[a] |= 1 << b
    return result


def compose(*relations):
    first, *rest = relations
    for second in rest:
        result = []
        for row in first:
            out = 0
            while row:
                lowest = row & -row
                out |= second[lowest.bit_length() - 1]
                row -= lowest
            result.append(out)
        first = result
    return first


def union(*relations):
    result = list(relations[0])
    for relation in relations[1:]:
        result = [a | b for a, b in zip(result, relation)]
    return result


def inverse(relation):
    size = len(relation)
    return [sum(1 << a for a in range(size) if relation[a] >> b & 1) for b in range(size)]


def restrict(relation, keep):
    """The pairs (a, b) of it for which keep(a, b)."""
    return [sum(1 << b for b in range(row.bit_length()) if row >> b & 1 and keep(a, b))
            for a, row in enumerate(relation)]


def plus(relation):
    result = list(relation)
    for middle in range(len(result)):
        bit = 1 << middle
        for a, row in enumerate(result):
            if row & bit:
                result[a] = row | result[middle]
    return result


def optional(relation):
    return [row | 1 << a for a, row in enumerate(relation)]


def irreflexive(relation):
    return not any(row >> a & 1 for a, row in enumerate(relation))


def acyclic(relation):
    return irreflexive(plus(relation))
