/**
 * The journal: what was pushed and what ended, in files, so that a 2xx outlives the process. {@code docs/STORAGE.md} has
 * the format and the contract. Imports {@code sample}, {@code snapshot} and {@code store}.
 */
package io.weir.journal;
