/**
 * Tables in and out, synthetic data, output folders, and the run manifest. Spark SQL only.
 *
 * <p>A batch of rows goes through a {@link ml.regard.io.RowSink}: whole folders, one date of
 * folders, or tables of a database. Each shows all rows of a run or none, whenever the driver dies.
 */
package ml.regard.io;
