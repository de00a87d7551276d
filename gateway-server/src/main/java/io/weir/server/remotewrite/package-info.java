/** remote_write: sends snapshots of the store to Prometheus-compatible receivers. Reaches the store through snapshots only. */
package io.weir.server.remotewrite;
