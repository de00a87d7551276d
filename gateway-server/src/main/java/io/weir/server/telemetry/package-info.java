/** The gateway's own metrics: registry, recorders, text. Knows nothing of HTTP or the store. */
package io.weir.server.telemetry;
