/** TLS of the listening sockets, by the JDK's provider. */
package io.weir.server.tls;
