/* What PoolingBenchmark's predict asks, of a C compiler: S0 and S1 of 1,024 queries over 4,096 keys
   uniform on the unit cube, width 0.1. Prints pairs of query and key by nanosecond, the best of seven
   rounds, and the mean of the answers so that nothing is optimised away.

       gcc -O3 -march=native -ffast-math -DDIM=1 pooling.c -o pooling -lm && ./pooling */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { KEYS = 4096, QUERIES = 1024, ROUNDS = 7, REPEATS = 40 };

static double keys[DIM][KEYS], values[KEYS], queries[QUERIES][DIM], answers[QUERIES];

static void pool(double inverse_width) {
  for (int i = 0; i < QUERIES; i++) {
    double s0 = 0, s1 = 0;
    for (int j = 0; j < KEYS; j++) {
      double sum = 0;
      for (int f = 0; f < DIM; f++) {
        double x = (queries[i][f] - keys[f][j]) * inverse_width;
        sum += x * x;
      }
      double e = exp(-0.5 * sum);
      s0 += e;
      s1 += e * values[j];
    }
    answers[i] = s1 / s0;
  }
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static double uniform(void) { return rand() / (RAND_MAX + 1.0); }

int main(void) {
  for (int j = 0; j < KEYS; j++) {
    values[j] = uniform();
    for (int f = 0; f < DIM; f++) keys[f][j] = uniform();
  }
  for (int i = 0; i < QUERIES; i++)
    for (int f = 0; f < DIM; f++) queries[i][f] = uniform();
  volatile double inverse_width = 10;
  double best = 0, mean = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double started = seconds();
    for (int repeat = 0; repeat < REPEATS; repeat++) pool(inverse_width);
    double rate = (double)KEYS * QUERIES * REPEATS / (seconds() - started) * 1e-9;
    if (rate > best) best = rate;
  }
  for (int i = 0; i < QUERIES; i++) mean += answers[i] / QUERIES;
  printf("%.3f pairs/ns (mean answer %.3f)\n", best, mean);
  return 0;
}
