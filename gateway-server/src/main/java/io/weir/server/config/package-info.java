/**
 * Configuration: one table of options that feeds the command line, the environment, the YAML file, the help text and the
 * documents; the immutable records that come out of it.
 */
package io.weir.server.config;
