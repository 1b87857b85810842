package ml.regard.job;

/** The engines that an option offers. */
enum EngineName {
  auto,
  broadcast,
  partitioned,
  lattice
}
