package ml.regard.ml;

import java.io.Serializable;
import ml.regard.kernel.Terms;
import org.apache.spark.sql.types.DataType;

/**
 * A column that {@code transform} appends.
 *
 * @param param the parameter that names it
 * @param name of the column
 * @param nullable whether a row that cannot be scored has null in it
 * @param cell of a query
 * @param none the cell of a row that cannot be scored
 * @param needsKeys whether the keys themselves are asked, and not only nodes in their place
 * @param terms the sums that it needs
 */
record OutputColumn(
    String param,
    String name,
    DataType type,
    boolean nullable,
    Cell cell,
    Object none,
    boolean needsKeys,
    Terms terms)
    implements Serializable {

  /** What a query has in a column. */
  interface Cell extends Serializable {
    Object of(BlockAnswers answers, int query);
  }
}
