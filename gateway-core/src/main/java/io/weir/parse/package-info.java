/** Parsers: byte spans in, calls on a sink out. Imports {@code io.weir.sample} only. */
package io.weir.parse;
