/** remote_write: from snapshots to receivers. */
package io.weir.server.remotewrite;
