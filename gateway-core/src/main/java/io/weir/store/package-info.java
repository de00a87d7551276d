/**
 * The lock-free series table, its keeper and its families. Imports {@code sample} and {@code snapshot} only.
 *
 * <p>{@link io.weir.store.SeriesTable} says what always holds, {@link io.weir.store.TableWriter} how a commit is made,
 * {@link io.weir.store.Keeper} runs {@code Reaper} (deletion, expiry), {@code Compaction} (rebuild, reuse of numbers, text)
 * and {@code Snapshots}. The states:
 *
 * <pre>
 *   value or cell:  dead (private) --publish, open--> dead <==kill, expire== live
 *                                                      |   ==revive==>     | add, set: live -> live
 *                                                      v rebuild
 *                                                   retired --grace--> dead (private) of the next life
 *   meta:    even life --open--> odd life, tick of the last touch --retire--> RETIRING --close--> next even life
 *   index:   free --writer--> word, for ever                free --keeper--> sealed, for ever
 *   number:  new or reused -> spare of a writer -> in an index -> retired, in its grace -> reused
 * </pre>
 *
 * <p>Each arrow is one CAS. Memory orders stand in the names of the accessors ({@code valueAcquire}, {@code casMeta});
 * plain are only the words of a record that its publication covers: hash, text, family.
 *
 * <p>Tests: {@code StressTest} ({@code -Dweir.stress.seconds=N}, {@code -Dweir.stress.seed=S}), {@code InterleavingTest},
 * {@code OracleTest}, {@code MutantsTest} ({@code -Dweir.mutants.seconds=N}); jcstress cases in gateway-bench.
 */
package io.weir.store;
