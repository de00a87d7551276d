/** Immutable views of the store: what outputs may see. Imports {@code sample} only. */
package io.weir.snapshot;
