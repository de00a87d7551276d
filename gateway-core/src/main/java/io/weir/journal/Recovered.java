package io.weir.journal;

/**
 * What {@link Journal#recover} found.
 *
 * @param series live series handed out
 * @param frames replayed behind the checkpoint
 * @param keys idempotency keys
 * @param corruptions damaged places, missing segments and unreadable checkpoints
 * @param millis time taken
 */
public record Recovered(long series, long frames, long keys, long corruptions, long millis) {}
