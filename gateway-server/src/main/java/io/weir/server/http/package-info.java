/**
 * HTTP/1.1 on Netty: connections, the rules for request heads and bodies, routes, answers. Doors see {@link
 * io.weir.server.http.Door}, {@link io.weir.server.http.Request} and {@link io.weir.server.http.Responder}, never Netty.
 */
package io.weir.server.http;
