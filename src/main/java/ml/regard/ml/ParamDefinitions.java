package ml.regard.ml;

import java.io.Serializable;
import java.util.Arrays;
import ml.regard.engine.EngineChoice;
import ml.regard.kernel.Checks;
import ml.regard.kernel.Precision;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleArrayParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.Params;
import scala.Function1;

/** The parameters of Regard, defined once for estimator and model. */
public final class ParamDefinitions implements Serializable {
  private static final long serialVersionUID = 1;

  final Param<String> featuresCol;
  final Param<String> labelCol;
  final Param<String> weightCol;
  final Param<String> predictionCol;
  final Param<String> errorBoundCol;
  final Param<String> attentionWeightsCol;
  final Param<String> standardErrorCol;
  final Param<String> intervalCol;
  final DoubleParam confidence;
  final Param<String> bandCol;
  final Param<String> calibration;
  final Param<String> effectiveKeysCol;
  final Param<String> supportCol;
  final Param<String> marginalEffectCol;
  final Param<String> outsideSupport;
  final DoubleParam supportThreshold;
  final Param<String> handleInvalid;
  final DoubleArrayParam width;
  final BooleanParam perFeatureWidth;
  final Param<String> solver;
  final Param<String> criterion;
  final Param<String> leaveOut;
  final Param<String> validationIndicatorCol;
  final Param<String> parametrization;
  final Param<String> lossReduction;
  final DoubleParam stepSize;
  final IntParam maxIter;
  final DoubleParam tol;
  final DoubleParam miniBatchFraction;
  final LongParam seed;
  final Param<String> engine;
  final DoubleParam answerTolerance;
  final BooleanParam compact;
  final Param<String> precision;
  final Param<String> stagingDir;
  final IntParam numPartitions;
  final IntParam aggregationDepth;
  final Param<String> checkpointDir;
  final IntParam checkpointInterval;
  final Param<String> onCancel;
  final Param<String> attentionCol;
  final IntParam topKeys;
  final Param<String> quantilesCol;
  final DoubleArrayParam quantiles;
  final Param<String> keyIdCol;

  ParamDefinitions(Params parent) {
    featuresCol = text(parent, "featuresCol", "the column of feature vectors");
    labelCol = text(parent, "labelCol", "the column of labels, the values of the keys");
    weightCol =
        text(parent, "weightCol", "the column of importance weights >= 0; empty: all weights 1");
    predictionCol = text(parent, "predictionCol", "the column that takes the prediction");
    errorBoundCol =
        text(
            parent,
            "errorBoundCol",
            "the column that takes by how much each prediction may be off from that of all keys, in the"
                + " unit of the label: what the nodes of engine lattice certify, else what"
                + " answerTolerance allows; infinite where nothing is certain; rounding and precision"
                + " apart; empty: no such column");
    attentionWeightsCol =
        text(
            parent,
            "attentionWeightsCol",
            "the column that takes each query's attention weights as a vector over all keys in"
                + " their canonical order, 8 bytes a key and row; empty: no such column");
    standardErrorCol =
        text(
            parent,
            "standardErrorCol",
            "the column that takes the standard error of each prediction, of the leave-one-out"
                + " residuals of its keys, in the unit of the label; empty: no such column");
    intervalCol =
        text(
            parent,
            "intervalCol",
            "the column that takes a prediction interval for the label of each query, a struct of"
                + " lower and upper, calibrated on the scores that calibration keeps; empty: no such"
                + " column");
    confidence =
        new DoubleParam(
            parent.uid(),
            "confidence",
            "of intervalCol and bandCol, in (0, 1): the share of labels that intervals are to cover",
            ParamValidators.inRange(0, 1, false, false));
    bandCol =
        text(
            parent,
            "bandCol",
            "the column that takes a confidence band, a struct of lower and upper: the prediction and"
                + " standard errors on either side. A band for the smoothed curve, not the truth: bias"
                + " is not in it; empty: no such column");
    calibration =
        oneOf(
            parent,
            "calibration",
            "what a fit keeps of its errors for standardErrorCol, bandCol and intervalCol: loo, the"
                + " residual and the score of each row without what leaveOut names, two passes over all"
                + " pairs (by default not where learning itself took less than one; engine lattice forms"
                + " none); cv+, the score of each row without its fold of ten; split, the scores of one row"
                + " in five, which is held out and no key; none, nothing",
            "loo",
            "cv+",
            "split",
            "none");
    effectiveKeysCol =
        text(
            parent,
            "effectiveKeysCol",
            "the column that takes the effective number of keys behind each prediction, 1 / sum of"
                + " the squared attention weights; empty: no such column");
    supportCol =
        text(
            parent,
            "supportCol",
            "the column that takes how near each query is to a key: 1 at the place of one, exp(-1/2)"
                + " one width away, 0 where nothing is like it; empty: no such column");
    marginalEffectCol =
        text(
            parent,
            "marginalEffectCol",
            "the column that takes the derivatives of each prediction by the features, a vector, in"
                + " units of the label per unit of the feature; empty: no such column");
    outsideSupport =
        oneOf(
            parent,
            "outsideSupport",
            "what the prediction is for a query whose support is below supportThreshold: nearest,"
                + " that of the nearest keys, as of any other query; mean, the weighted mean of all"
                + " labels; nan; or error, which stops",
            "nearest",
            "mean",
            "nan",
            "error");
    supportThreshold =
        new DoubleParam(
            parent.uid(),
            "supportThreshold",
            "the support below which a query is outside, in [0, 1]; 0: none is",
            ParamValidators.inRange(0, 1));
    handleInvalid =
        oneOf(
            parent,
            "handleInvalid",
            "rows with a null, NaN or infinite feature (in fit also label or weight): error stops"
                + " with a first example, skip drops and counts them, keep predicts NaN for them"
                + " (in fit it drops and counts them)",
            "error",
            "skip",
            "keep");
    width =
        new DoubleArrayParam(
            parent,
            "width",
            "the width (bandwidth h), one for all features or one per feature, each > 0 in the unit"
                + " of its feature: where learning starts, or what solver fixed uses; unset:"
                + " learning finds its own start",
            check((double[] h) -> h.length > 0 && Arrays.stream(h).allMatch(Checks::usableWidth)));
    perFeatureWidth =
        new BooleanParam(
            parent.uid(),
            "perFeatureWidth",
            "one width per feature (true), or one width shared by all features (false)");
    solver =
        oneOf(
            parent,
            "solver",
            "sgd learns the widths by stochastic gradient descent on the criterion, over a sample of"
                + " rows that grows; newton takes second-order steps, at the end over all rows; fixed"
                + " takes the widths as given (non-parametric attention pooling)",
            "sgd",
            "newton",
            "fixed");
    criterion =
        oneOf(
            parent,
            "criterion",
            "what learning makes small: loo, the squared error of each row without the rows that"
                + " leaveOut names; aicc, the corrected Akaike criterion of the fit itself",
            "loo",
            "aicc");
    leaveOut =
        new Param<>(
            parent.uid(),
            "leaveOut",
            "what a row does not attend to while widths are learned: row, itself; ties, every row"
                + " with the same features; or the name of a column, every row with the same value"
                + " there (blocks of dependent rows)",
            String.class);
    validationIndicatorCol =
        text(
            parent,
            "validationIndicatorCol",
            "a boolean column: rows where it is true are no keys, and learning stops when their"
                + " error no longer falls; empty: none");
    parametrization =
        oneOf(
            parent,
            "parametrization",
            "what sgd moves: log widths, without a rate to tune; or inverse, the textbook's plain"
                + " steps in inverse widths at the rate stepSize",
            "log",
            "inverse");
    lossReduction =
        oneOf(
            parent,
            "lossReduction",
            "how squared errors become one loss: mean or sum; with parametrization inverse the"
                + " gradient is that of this loss",
            "mean",
            "sum");
    stepSize =
        new DoubleParam(
            parent.uid(),
            "stepSize",
            "learning rate (parametrization inverse), or the share of each step that mini-batches"
                + " take, > 0",
            ParamValidators.gt(0));
    maxIter =
        new IntParam(
            parent.uid(), "maxIter", "largest number of steps, >= 0", ParamValidators.gtEq(0));
    tol =
        new DoubleParam(
            parent.uid(),
            "tol",
            "sgd stops when the next step promises to lower the criterion by less than this share,"
                + " newton when the norm of the gradient has fallen to this share of the first,"
                + " >= 0",
            ParamValidators.gtEq(0));
    miniBatchFraction =
        new DoubleParam(
            parent.uid(),
            "miniBatchFraction",
            "share of the rows that each step of sgd looks at, in [0, 1]; 0: 1,024 rows at first, and"
                + " more when their noise hides what the next step promises",
            ParamValidators.inRange(0, 1));
    seed = new LongParam(parent, "seed", "seed of the choice of rows");
    engine =
        oneOf(
            parent,
            "engine",
            "where the pairs are formed: broadcast sends all keys to every executor; partitioned"
                + " leaves them in files and takes queries past them; lattice, for at most three"
                + " features, forms pairs only where sums at nodes are not certain to be within"
                + " answerTolerance; auto takes lattice from 65,536 keys on where it serves, else"
                + " broadcast when the keys fit in memory",
            EngineChoice.AUTO,
            EngineChoice.BROADCAST,
            EngineChoice.PARTITIONED,
            EngineChoice.LATTICE);
    answerTolerance =
        new DoubleParam(
            parent.uid(),
            "answerTolerance",
            "by how much a prediction may be off from that of all keys, since far keys are passed over or"
                + " nodes stand in for them, as a share of the standard deviation of the labels, in [0,"
                + " 1]; 0: only keys are passed over whose attention weight is 0 in double precision",
            ParamValidators.inRange(0, 1));
    compact =
        new BooleanParam(
            parent.uid(),
            "compact",
            "whether the model keeps the nodes of a lattice in the place of its keys: small, and"
                + " good for predictions at the learned widths alone; needs engine lattice or auto");
    precision =
        oneOf(
            parent,
            "precision",
            "what predictions are computed in: float64; or float32, faster, and off by at most "
                + Precision.FLOAT32_ERROR
                + " of the range of the labels; widths are learned in float64",
            "float64",
            "float32");
    stagingDir =
        new Param<>(
            parent.uid(),
            "stagingDir",
            "the folder in which a fit of engine partitioned or lattice keeps its keys, which driver and"
                + " executors must reach; empty: the checkpoint directory of the SparkContext, or in"
                + " local mode the temporary files",
            String.class);
    numPartitions =
        new IntParam(
            parent.uid(),
            "numPartitions",
            "tasks that the queries of a fit are split into; 0: by their pairs, at least three per"
                + " core; never changes a bit of the result",
            ParamValidators.gtEq(0));
    aggregationDepth =
        new IntParam(
            parent.uid(),
            "aggregationDepth",
            "depth of the tree that sums gradients, >= 1",
            ParamValidators.gtEq(1));
    checkpointDir =
        text(
            parent,
            "checkpointDir",
            "a folder that keeps what a fit has evaluated: started again with equal data and"
                + " parameters it goes on from there, to the same bits; empty: none");
    checkpointInterval =
        new IntParam(
            parent.uid(),
            "checkpointInterval",
            "evaluations from one write to checkpointDir to the next, >= 1; -1: none are written",
            check((Object n) -> (int) n >= 1 || (int) n == -1));
    onCancel =
        oneOf(
            parent,
            "onCancel",
            "what a fit does whose Spark jobs are cancelled: discard throws, keep ends with the"
                + " best widths so far, once there are any",
            "discard",
            "keep");
    attentionCol =
        text(
            parent,
            "attentionCol",
            "the column that takes the keys that carry each prediction, topKeys of them and the"
                + " largest attention weight first: an array of structs of position, weight, key"
                + " (array), value and id; empty: no such column");
    topKeys =
        new IntParam(
            parent.uid(),
            "topKeys",
            "how many keys attentionCol names, >= 1",
            ParamValidators.gtEq(1));
    quantilesCol =
        text(
            parent,
            "quantilesCol",
            "the column that takes the quantiles of the labels under each query's attention, an"
                + " array in the order of quantiles; empty: no such column");
    quantiles =
        new DoubleArrayParam(
            parent,
            "quantiles",
            "the probabilities of quantilesCol, each in [0, 1]",
            check(
                (double[] p) -> p.length > 0 && Arrays.stream(p).allMatch(x -> x >= 0 && x <= 1)));
    keyIdCol =
        text(
            parent,
            "keyIdCol",
            "the column with a name for each training row, of any atomic type, which the model keeps"
                + " as text and attentionCol shows; empty: none");
  }

  /** Sets the default of every parameter that has one; width has none. */
  void setDefaults(Params parent) {
    parent.setDefault(featuresCol, "features");
    parent.setDefault(labelCol, "label");
    parent.setDefault(weightCol, "");
    parent.setDefault(predictionCol, "prediction");
    parent.setDefault(errorBoundCol, "");
    parent.setDefault(attentionWeightsCol, "");
    parent.setDefault(standardErrorCol, "");
    parent.setDefault(intervalCol, "");
    parent.setDefault(confidence, 0.9);
    parent.setDefault(bandCol, "");
    parent.setDefault(calibration, "loo");
    parent.setDefault(effectiveKeysCol, "");
    parent.setDefault(supportCol, "");
    parent.setDefault(marginalEffectCol, "");
    parent.setDefault(outsideSupport, "nearest");
    parent.setDefault(supportThreshold, 0.0);
    parent.setDefault(handleInvalid, "error");
    parent.setDefault(perFeatureWidth, true);
    parent.setDefault(solver, "sgd");
    parent.setDefault(criterion, "loo");
    parent.setDefault(leaveOut, "row");
    parent.setDefault(validationIndicatorCol, "");
    parent.setDefault(parametrization, "log");
    parent.setDefault(lossReduction, "mean");
    parent.setDefault(stepSize, 1.0);
    parent.setDefault(maxIter, 100);
    parent.setDefault(tol, 1e-8);
    parent.setDefault(miniBatchFraction, 0.0);
    parent.setDefault(seed, 42L);
    parent.setDefault(engine, EngineChoice.AUTO);
    parent.setDefault(answerTolerance, 1e-8);
    parent.setDefault(compact, false);
    parent.setDefault(precision, "float64");
    parent.setDefault(stagingDir, "");
    parent.setDefault(numPartitions, 0);
    parent.setDefault(aggregationDepth, 2);
    parent.setDefault(checkpointDir, "");
    parent.setDefault(checkpointInterval, 1);
    parent.setDefault(onCancel, "discard");
    parent.setDefault(attentionCol, "");
    parent.setDefault(topKeys, 5);
    parent.setDefault(quantilesCol, "");
    parent.setDefault(quantiles, new double[] {0.1, 0.5, 0.9});
    parent.setDefault(keyIdCol, "");
  }

  private static Param<String> text(Params parent, String name, String doc) {
    return new Param<>(parent.uid(), name, doc, String.class);
  }

  private static Param<String> oneOf(Params parent, String name, String doc, String... values) {
    return new Param<>(
        parent.uid(),
        name,
        doc + " (" + String.join(" | ", values) + ")",
        check((String value) -> Arrays.asList(values).contains(value)),
        String.class);
  }

  private interface Check<T> extends Serializable {
    boolean accepts(T value);
  }

  private static <T> Function1<T, Object> check(Check<T> check) {
    return (Function1<T, Object> & Serializable) check::accepts;
  }
}
