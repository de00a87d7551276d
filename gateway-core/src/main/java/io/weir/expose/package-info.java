/** Renders snapshots as text. Imports {@code snapshot} (and the type names of {@code sample}) only. */
package io.weir.expose;
