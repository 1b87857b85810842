/**
 * The command line: parse, call, write. No arithmetic.
 *
 * <p>A command writes its outputs whole or not at all, ends with one line of JSON on standard
 * output, and logs to standard error. Exit codes: 0 done; 2 the command line or config is wrong; 3
 * the data or the model is wrong; 1 anything else. For 2 and 3 the last line on standard error is
 * one sentence.
 */
package ml.regard.job;
