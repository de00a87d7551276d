/**
 * Who may do what: decided from the head of a request, before its body is read. Knows credentials and scopes; neither HTTP
 * connections nor the sources of the configuration.
 */
package io.weir.server.auth;
