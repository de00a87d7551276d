/** From parsed samples to the store: staging, opaque-key cache, aggregation rules, commit. Imports no parser. */
package io.weir.ingest;
