/** The gateway's own log. */
package io.weir.server.log;
