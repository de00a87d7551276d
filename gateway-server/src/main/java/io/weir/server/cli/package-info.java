/** The commands of {@code weir} beside starting the gateway: one class each, one line each in {@code Commands}. */
package io.weir.server.cli;
