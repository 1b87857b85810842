#!/usr/bin/env python3
"""Prints the coefficients of ml.regard.kernel.Exp2 as Java literals, with their errors.

    python3 docs/exp2.py

They are those of 1 + c1 r + ... + cn r^n with the least possible relative error against 2^r on
[-1/2, 1/2]. The constant 1 is given, so that powers of two come out exact. c1 is rounded first and
the others are fitted again beside it: in float that takes a seventh off the evaluation's error.

With c1 to c(m-1) given, the error is that of a polynomial of degree n - m under the weight
r^m / 2^r, which vanishes at 0. The best one reaches its largest error, times sign(r)^m, with
alternating signs at n - m + 2 points, which the algorithm of Remez finds. Needs Python 3.9 with
mpmath.
"""
from mpmath import cos, lu_solve, matrix, mp, mpf, pi, sign

mp.dps = 50
SETTLED = mpf("1e-4")  # relative, of the largest error
GRID = [mpf(i) / 4000 for i in range(-2000, 2001) if i]  # at 0 the error is 0
POWERS = [mpf(2) ** r for r in GRID]


def errors(coefficients, round=lambda x: x):
    """The relative errors on the grid, with one rounding per step as Math.fma has."""
    errors = []
    for r, power in zip(GRID, POWERS):
        p = coefficients[-1]
        for c in coefficients[-2::-1] + [mpf(1)]:
            p = round(p * r + c)
        errors.append(p / power - 1)
    return errors


def largest(errors):
    return max(map(abs, errors))


def fit(given, degree):
    """The best coefficients c1 to c_degree that begin with those given."""
    m = len(given) + 1
    free = range(m, degree + 1)
    count = len(free) + 1
    # The extrema of a Chebyshev polynomial, shifted a little to avoid 0.
    points = [GRID[int((1 - cos(pi * (i + 0.4) / count)) / 2 * len(GRID))] for i in range(count)]
    while True:
        rows = [[r**k for k in free] + [sign(r) ** m * (-1) ** i * 2**r]
                for i, r in enumerate(points)]
        rest = [2**r - 1 - sum(c * r**k for k, c in enumerate(given, 1)) for r in points]
        *fitted, level = lu_solve(matrix(rows), matrix(rest))
        error = errors(given + fitted)
        if largest(error) <= abs(level) * (1 + SETTLED):
            return given + fitted
        peaks = []  # the largest error of each run of one sign
        for r, e in zip(GRID, error):
            e *= sign(r) ** m
            if abs(e) >= abs(level) * (1 - SETTLED):
                if not peaks or e * peaks[-1][1] < 0:
                    peaks.append((r, e))
                elif abs(e) > abs(peaks[-1][1]):
                    peaks[-1] = r, e
        while len(peaks) > count:
            peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
        points = [r for r, _ in peaks]


def report(kind, name, suffix, bits, degree):
    def round(x):
        with mp.workprec(bits):
            return +x

    first = round(fit([], degree)[0])
    coefficients = [round(c) for c in fit([first], degree)]
    found = [mp.nstr(largest(e), 3) for e in (
        errors(fit([], degree)), errors(coefficients), errors(coefficients, round))]
    print("// %s, degree %d: error %s, of rounded coefficients %s, evaluated in %s on a grid %s"
          % (kind, degree, *found[:2], kind, found[2]))
    for k, c in enumerate(coefficients, 1):
        digits, exponent = float(c).hex().split("p")
        print(f"static final {kind} {name}{k} = {digits.rstrip('0')}p{exponent}{suffix};")


if __name__ == "__main__":
    report("double", "C", "", 53, 9)
    report("float", "F", "f", 24, 5)  # not used: its error exceeds 1e-7
    report("float", "F", "f", 24, 6)
