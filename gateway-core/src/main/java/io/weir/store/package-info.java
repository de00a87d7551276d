/** The lock-free series table, its keeper and its families. Imports {@code sample} and {@code snapshot} only. */
package io.weir.store;
