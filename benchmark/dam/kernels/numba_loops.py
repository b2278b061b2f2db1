"""The sums of the mappings as loops over pairs, compiled by numba; see `numba_functions`.

For each pair: its kept set, and the sums in it; in the backward pass the set again, from two
numbers a pair. Elements stay in the processor's cache from the selection to the last sum.
"""

# numba infers the types of a loop's arguments.
# mypy: allow-untyped-defs, allow-untyped-decorators

import math

import numpy as np

from .numba_selection import (
    SOFT,
    compiled,
    fill_keys,
    fill_signed_keys,
    fill_weights,
    scale_of,
    select,
)


@compiled
def _dot(one, other):
    total = one.dtype.type(0)
    for k in range(len(one)):
        total += one[k] * other[k]
    return total


@compiled
def _add(total, weight, values):
    for k in range(len(total)):
        total[k] += weight * values[k]


@compiled
def _square(one, other, weights, rule):
    """|a - b|^2_M; with weights of 0 and 1 a product can be squared."""
    total = one.dtype.type(0)
    if rule == SOFT:
        for k in range(len(one)):
            between = one[k] - other[k]
            total += between * between * weights[k]
    else:
        for k in range(len(one)):
            kept = (one[k] - other[k]) * weights[k]
            total += kept * kept
    return total


@compiled
def _cosine_sums(one, other, weights):
    """<a, b>_M, |a|^2_M and |b|^2_M."""
    inner = ours = theirs = one.dtype.type(0)
    for k in range(len(one)):
        weighed, other_weighed = weights[k] * one[k], weights[k] * other[k]
        inner += weighed * other[k]
        ours += weighed * one[k]
        theirs += other_weighed * other[k]
    return inner, ours, theirs


@compiled
def _cosine(one, other, weights, tiny):
    inner, ours, theirs = _cosine_sums(one, other, weights)
    # A length of zero has no infinite gradient.
    return inner / math.sqrt(max(ours * theirs, tiny))


@compiled
def _add_cosine(gradient, one, other, weights, tiny, to_one, to_other):
    """Add the gradients of `gradient` times the cosine."""
    inner, ours, theirs = _cosine_sums(one, other, weights)
    lengths = max(ours * theirs, tiny)
    cross = gradient / math.sqrt(lengths)
    along = cross * inner / lengths if ours * theirs >= tiny else one.dtype.type(0)
    to_itself, to_themselves = along * theirs, along * ours
    for k in range(len(one)):
        to_one[k] += weights[k] * (cross * other[k] - to_itself * one[k])
        to_other[k] += weights[k] * (cross * one[k] - to_themselves * other[k])


@compiled
def margins(
    part, parts, features, proxies, table, samples, starts, classes, cosine,
    rules, limits, lasts, result,
):  # fmt: skip
    """Fill `result` [B, C] and the sets [P, C], for every `parts`-th class of the batch.

    `classes` [C] begin with the batch's P; the a-th one's samples are
    `samples[starts[a]:starts[a + 1]]`. `proxies` and `table` are [C, D]. With `cosine` the margins
    are those of the cosines in the set.
    """
    dim = features.shape[1]
    difference, weights = np.empty(dim, features.dtype), np.empty(dim, features.dtype)
    keys = np.empty(dim, limits.dtype)
    tiny = np.finfo(features.dtype).tiny
    hint = rules.top
    for a in range(part, len(limits), parts):
        y = classes[a]
        for b in range(a + 1, len(classes)):
            j = classes[b]
            for k in range(dim):
                difference[k] = abs(table[y, k] - table[j, k])
            fill_keys(keys, difference, y, j, rules.inverse, rules)
            hint, lasts[a, b] = select(keys, difference, rules.inverse, rules, hint)
            limits[a, b] = hint
            fill_weights(weights, keys, limits[a, b], lasts[a, b], rules)
            scale = scale_of(weights, rules)
            for own, other, place in ((y, j, a), (j, y, b)):
                if place >= len(limits):
                    continue
                for k in range(dim):
                    difference[k] = (proxies[own, k] - proxies[other, k]) * weights[k]
                for i in samples[starts[place] : starts[place + 1]]:
                    if cosine:
                        nearer = _cosine(features[i], proxies[own], weights, tiny)
                        further = _cosine(features[i], proxies[other], weights, tiny)
                        result[i, other] = nearer - further
                    else:
                        result[i, other] = scale * _dot(features[i], difference)


@compiled
def margins_backward(
    part, parts, features, proxies, table, samples, starts, classes, cosine,
    rules, limits, lasts, gradient, to_features, to_proxies,
):  # fmt: skip
    """Add the gradients [B, D] and [C, D] that come from the same pairs' margins."""
    dim = features.shape[1]
    difference, weights = np.empty(dim, features.dtype), np.empty(dim, features.dtype)
    pull, keys = np.empty(dim, features.dtype), np.empty(dim, limits.dtype)
    tiny = np.finfo(features.dtype).tiny
    for a in range(part, len(limits), parts):
        y = classes[a]
        for b in range(a + 1, len(classes)):
            j = classes[b]
            for k in range(dim):
                difference[k] = abs(table[y, k] - table[j, k])
            fill_keys(keys, difference, y, j, rules.inverse, rules)
            fill_weights(weights, keys, limits[a, b], lasts[a, b], rules)
            scale = scale_of(weights, rules)
            for own, other, place in ((y, j, a), (j, y, b)):
                if place >= len(limits):
                    continue
                if cosine:
                    for i in samples[starts[place] : starts[place + 1]]:
                        g = gradient[i, other]
                        for sign, of in ((1, own), (-1, other)):
                            _add_cosine(
                                sign * g, features[i], proxies[of], weights, tiny,
                                to_features[i], to_proxies[of],
                            )  # fmt: skip
                    continue
                for k in range(dim):
                    difference[k] = (proxies[own, k] - proxies[other, k]) * weights[k]
                pull[:] = 0
                for i in samples[starts[place] : starts[place + 1]]:
                    weight = scale * gradient[i, other]
                    _add(to_features[i], weight, difference)
                    _add(pull, weight, features[i])
                for k in range(dim):
                    pull[k] *= weights[k]
                _add(to_proxies[other], -1, pull)
                _add(to_proxies[own], 1, pull)


@compiled
def _fill_terms(terms, feature, own, other):
    """The terms of a margin, none of which is a negative zero."""
    for k in range(len(terms)):
        terms[k] = feature[k] * (own[k] - other[k]) + terms.dtype.type(0)


@compiled
def contributions(part, parts, features, proxies, labels, rules, limits, lasts, result):
    """Fill `result` [B, C] and the sets [B, C], for every `parts`-th sample."""
    dim = features.shape[1]
    terms, weights = np.empty(dim, features.dtype), np.empty(dim, features.dtype)
    keys = np.empty(dim, limits.dtype)
    hint = rules.top
    for i in range(part, len(features), parts):
        y = labels[i]
        result[i, y] = 0
        for j in range(len(proxies)):
            if j == y:
                continue
            _fill_terms(terms, features[i], proxies[y], proxies[j])
            fill_signed_keys(keys, terms, len(proxies) + i, j, rules)
            first = terms[0]
            hint, lasts[i, j] = select(keys, terms, False, rules, hint)
            terms[0] = first
            limits[i, j] = hint
            fill_weights(weights, keys, limits[i, j], lasts[i, j], rules)
            result[i, j] = scale_of(weights, rules) * _dot(terms, weights)


@compiled
def contributions_backward(
    part, parts, features, proxies, labels, rules, limits, lasts, gradient, to_features, to_proxies
):
    """Add the gradients [B, D] and [C, D] that come from the same terms."""
    dim = features.shape[1]
    terms, weights = np.empty(dim, features.dtype), np.empty(dim, features.dtype)
    keys = np.empty(dim, limits.dtype)
    for i in range(part, len(features), parts):
        y = labels[i]
        for j in range(len(proxies)):
            if j == y:
                continue
            _fill_terms(terms, features[i], proxies[y], proxies[j])
            fill_signed_keys(keys, terms, len(proxies) + i, j, rules)
            fill_weights(weights, keys, limits[i, j], lasts[i, j], rules)
            weight = scale_of(weights, rules) * gradient[i, j]
            for k in range(dim):
                kept = weight * weights[k]
                to_features[i, k] += kept * (proxies[y, k] - proxies[j, k])
                to_proxies[y, k] += kept * features[i, k]
                to_proxies[j, k] -= kept * features[i, k]


@compiled
def squares(
    part, parts, features, references, labels, reference_labels, square,
    rules, limits, lasts, result,
):  # fmt: skip
    """Fill `result` [B, N] and the sets [B, N], for every `parts`-th row.

    With `square` the references are the batch itself, and only pairs i < j are worked on.
    """
    dim = features.shape[1]
    difference, weights = np.empty(dim, features.dtype), np.empty(dim, features.dtype)
    keys = np.empty(dim, limits.dtype)
    hint = rules.top
    first = 0 if square else len(features)
    for i in range(part, len(features), parts):
        if square:
            result[i, i] = 0
        for j in range(i + 1 if square else 0, len(references)):
            flip = (labels[i] == reference_labels[j]) != rules.inverse
            for k in range(dim):
                difference[k] = abs(features[i, k] - references[j, k])
            fill_keys(keys, difference, i, first + j, flip, rules)
            hint, lasts[i, j] = select(keys, difference, flip, rules, hint)
            limits[i, j] = hint
            fill_weights(weights, keys, limits[i, j], lasts[i, j], rules)
            total = _square(features[i], references[j], weights, rules.rule)
            result[i, j] = scale_of(weights, rules) * total
            if square:
                result[j, i] = result[i, j]


@compiled
def squares_backward(
    part, parts, features, references, labels, reference_labels, square,
    rules, limits, lasts, gradient, to_features, to_references,
):  # fmt: skip
    """Add the gradients [B, D] and [N, D] that come from the same pairs' squares."""
    dim = features.shape[1]
    difference, weights = np.empty(dim, features.dtype), np.empty(dim, features.dtype)
    keys = np.empty(dim, limits.dtype)
    first = 0 if square else len(features)
    for i in range(part, len(features), parts):
        for j in range(i + 1 if square else 0, len(references)):
            weight = gradient[i, j] + (gradient[j, i] if square else 0)
            flip = (labels[i] == reference_labels[j]) != rules.inverse
            for k in range(dim):
                difference[k] = abs(features[i, k] - references[j, k])
            fill_keys(keys, difference, i, first + j, flip, rules)
            fill_weights(weights, keys, limits[i, j], lasts[i, j], rules)
            weight = weights.dtype.type(2 * weight * scale_of(weights, rules))
            for k in range(dim):
                pull = weight * weights[k] * (features[i, k] - references[j, k])
                to_features[i, k] += pull
                if square:
                    to_features[j, k] -= pull
                elif len(to_references):
                    to_references[j, k] -= pull
