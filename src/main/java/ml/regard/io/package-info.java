/** Tables in and out, synthetic data, output folders, and the run manifest. Spark SQL only. */
package ml.regard.io;
