/** The words that parsers and the store share: samples, sinks, limits, key hashes. Imports nothing of the project. */
package io.weir.sample;
