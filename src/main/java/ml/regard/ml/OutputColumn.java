package ml.regard.ml;

import java.io.Serializable;
import org.apache.spark.sql.types.DataType;

/**
 * A column that {@code transform} appends.
 *
 * @param param the parameter that names it
 * @param name of the column
 * @param nullable whether a row that cannot be scored has null in it
 * @param cell of a query
 * @param none the cell of a row that cannot be scored
 * @param needs what must be there for it
 */
record OutputColumn(
    String param, String name, DataType type, boolean nullable, Cell cell, Object none, Needs needs)
    implements Serializable {

  /** What must be there for a column, each with what is before it but the second. */
  enum Needs {
    /** Keys, or nodes in their place. */
    VALUES,
    /** The keys themselves, one by one. */
    KEYS,
    /** Sums of DETAIL, which nodes have not. */
    DETAIL,
    /** These, with residuals beside the keys. */
    RESIDUALS,
    /** These, with scores. */
    SCORES;

    boolean isDetail() {
      return this == DETAIL || isCalibrated();
    }

    boolean isCalibrated() {
      return this == RESIDUALS || this == SCORES;
    }
  }

  /** What a query has in a column. */
  interface Cell extends Serializable {
    Object of(BlockAnswers answers, int query);
  }
}
