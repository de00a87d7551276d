/** The gateway as a process: wiring and {@code main}. */
package io.weir.server;
