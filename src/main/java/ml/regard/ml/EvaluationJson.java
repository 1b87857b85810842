package ml.regard.ml;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.Terms;
import ml.regard.optim.Batch;
import ml.regard.optim.Evaluation;
import ml.regard.optim.LossRequest;

/**
 * An evaluation as JSON, for people and to be read back with its bits: number, loss and widths of
 * each candidate, and then what {@link #read} reads. Numbers are written as Java's Double.toString
 * writes them, which any reader turns into the same double; those that are not finite are strings.
 */
final class EvaluationJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private EvaluationJson() {}

  static ObjectNode write(int number, Evaluation evaluation) {
    LossRequest request = evaluation.request();
    double[][] inverseWidths = request.inverseWidths();
    ObjectNode json = JSON.createObjectNode();
    json.put("number", number);
    json.set("loss", array(Arrays.stream(evaluation.sums()).mapToDouble(LossSums::loss).toArray()));
    json.set("widths", arrays(Arrays.stream(inverseWidths).map(EvaluationJson::inverse)));
    json.put("terms", request.terms().name());
    json.put("leaveOut", request.leaveOut().name());
    json.put("fine", request.fine());
    json.set("inverseWidths", arrays(Arrays.stream(inverseWidths)));
    json.putObject("batch")
        .put("fraction", request.batch().fraction())
        .put("seed", request.batch().seed())
        .put("step", request.batch().step());
    json.set("sums", arrays(Arrays.stream(evaluation.sums()).map(LossSums::toArray)));
    return json;
  }

  /**
   * The evaluation of a JSON object.
   *
   * @throws IllegalArgumentException if it is none
   */
  static Evaluation read(JsonNode json) {
    double[][] inverseWidths = arrays(json.path("inverseWidths"));
    double[][] fields = arrays(json.path("sums"));
    if (fields.length == 0 || fields.length != inverseWidths.length) {
      throw new IllegalArgumentException("it needs one sum for each of its inverse widths");
    }
    Terms terms = Terms.valueOf(json.path("terms").asText());
    LossSums[] sums = new LossSums[fields.length];
    for (int c = 0; c < sums.length; c++) {
      sums[c] = LossSums.of(inverseWidths[c].length, terms, fields[c]);
    }
    JsonNode batch = json.path("batch");
    Batch rows =
        Batch.of(
            batch.path("fraction").asDouble(),
            batch.path("seed").asLong(),
            batch.path("step").asLong());
    LeaveOut leaveOut = LeaveOut.valueOf(json.path("leaveOut").asText());
    boolean fine = json.path("fine").asBoolean();
    return new Evaluation(new LossRequest(inverseWidths, rows, leaveOut, terms, fine), sums);
  }

  private static double[] inverse(double[] values) {
    return Arrays.stream(values).map(v -> 1 / Math.abs(v)).toArray();
  }

  private static ArrayNode arrays(java.util.stream.Stream<double[]> rows) {
    ArrayNode json = JSON.createArrayNode();
    rows.forEach(row -> json.add(array(row)));
    return json;
  }

  private static ArrayNode array(double[] values) {
    ArrayNode json = JSON.createArrayNode();
    for (double value : values) {
      if (Double.isFinite(value)) {
        json.add(value);
      } else {
        json.add(Double.toString(value));
      }
    }
    return json;
  }

  private static double[][] arrays(JsonNode json) {
    double[][] rows = new double[json.size()][];
    for (int r = 0; r < rows.length; r++) {
      rows[r] = new double[json.get(r).size()];
      for (int i = 0; i < rows[r].length; i++) {
        rows[r][i] = Double.parseDouble(json.get(r).get(i).asText());
      }
    }
    return rows;
  }
}
