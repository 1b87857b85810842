package ml.regard.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import ml.regard.DataException;

/**
 * Who holds a lock.
 *
 * @param runId the run
 * @param host the machine and the process
 * @param start when it took the lock
 */
record LockHolder(String runId, String host, String start) {
  private static final LockHolder UNKNOWN = new LockHolder("unknown", "unknown", "unknown");

  static LockHolder me(String runId, Instant now) {
    long process = ProcessHandle.current().pid();
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "unknown";
    }
    return new LockHolder(runId, "%s (process %d)".formatted(host, process), now.toString());
  }

  String json() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("runId", runId);
    fields.put("host", host);
    fields.put("start", start);
    return Json.line(fields);
  }

  /** A lock whose writing was interrupted says nothing. */
  static LockHolder parse(String json) {
    try {
      JsonNode fields = Json.parse(json, "the lock");
      return new LockHolder(
          fields.required("runId").asText(),
          fields.required("host").asText(),
          fields.required("start").asText());
    } catch (IllegalArgumentException e) {
      return UNKNOWN;
    }
  }

  /** The sentence for who wants what this one holds. */
  DataException holds(String what, Duration silence) {
    return new DataException(
        "%s is being written by run %s on %s since %s (last heard of %d s ago)"
            .formatted(what, runId, host, start, silence.toSeconds()));
  }

  /** The sentence for who has lost to this one. */
  DataException hasTaken(String what) {
    return new DataException(
        "%s was taken over by run %s on %s at %s, since this run was not heard of for too long; its"
                .formatted(what, runId, host, start)
            + " rows are discarded");
  }
}
