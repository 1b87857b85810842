package ml.regard.job;

/** What a fit keeps of its errors; the texts are those of the Spark ML parameter. */
enum CalibrationName {
  LOO("loo"),
  CV_PLUS("cv+"),
  SPLIT("split"),
  NONE("none");

  private final String text;

  CalibrationName(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
