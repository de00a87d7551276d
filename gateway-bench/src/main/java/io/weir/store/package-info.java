/**
 * jcstress cases of the series table, in its package so that they reach the keeper's single steps. Run them all with
 * {@code java -cp ... org.openjdk.jcstress.Main -t io.weir.store -m quick -jvmArgsPrepend -Dweir.store.chunkBits=3}.
 */
package io.weir.store;
