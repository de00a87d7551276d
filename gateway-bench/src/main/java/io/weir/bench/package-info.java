/** JMH benchmarks; figures are kept in {@code docs/BENCHMARKS.md}. */
package io.weir.bench;
