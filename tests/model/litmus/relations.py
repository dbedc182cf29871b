# SPDX-License-Identifier: MIT OR Apache-2.0
"""Relations between events. A relation is a list: for each event a bit set of the events that it leads to."""
import functools


def pairs(size, those):
    result = [0] * size
    for a, b in those:
        result[a] |= 1 << b
    return result


@functools.cache
def events_of(row):
    return [event for event in range(row.bit_length()) if row >> event & 1]


def compose(first, *rest):
    result = []
    for row in first:
        for relation in rest:
            if not row:
                break
            out = 0
            for event in events_of(row):
                out |= relation[event]
            row = out
        result.append(row)
    return result


def union(*relations):
    result = list(relations[0])
    for relation in relations[1:]:
        result = [a | b for a, b in zip(result, relation)]
    return result


def common(relation, other):
    return [a & b for a, b in zip(relation, other)]


def plus(relation):
    result = relation
    for middle in range(len(result)):
        bit, further = 1 << middle, result[middle]
        if further:
            result = [row | further if row & bit else row for row in result]
    return result


def optional(relation):
    return [row | 1 << a for a, row in enumerate(relation)]


def irreflexive(relation):
    for a, row in enumerate(relation):
        if row >> a & 1:
            return False
    return True


def acyclic(relation):
    return irreflexive(plus(relation))
