/** The comparison of gateways side by side that {@code scripts/bench} runs: corpora, servers, load, figures and the table. */
package io.weir.bench.compare;
