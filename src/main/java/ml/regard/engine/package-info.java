/**
 * Places the work on Spark. The broadcast engine packs keys and values once, broadcasts them once
 * per fit, and splits the training rows, as queries, over the executors by blocks of 1024
 * positions; losses and gradients are summed by treeAggregate along a fixed binary tree over the
 * blocks, so a fit has the same bits on any number of partitions.
 */
package ml.regard.engine;
