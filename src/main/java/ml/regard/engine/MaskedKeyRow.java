package ml.regard.engine;

/** A row of the {@link KeyTable} of keys that are masked. */
public final class MaskedKeyRow extends KeyRow {
  private static final long serialVersionUID = 1;

  private String group;
  private Long time;

  /** The group that attends to the key; null where keys have none. */
  public String getGroup() {
    return group;
  }

  public void setGroup(String group) {
    this.group = group;
  }

  /** The time after which queries attend to the key; null where keys have none. */
  public Long getTime() {
    return time;
  }

  public void setTime(Long time) {
    this.time = time;
  }
}
