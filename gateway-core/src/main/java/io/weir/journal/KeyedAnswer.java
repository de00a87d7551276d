package io.weir.journal;

import java.nio.charset.StandardCharsets;

/**
 * An idempotency key and what its first request was answered. Immutable, any thread; the array must not be written.
 *
 * @param bodyHash0 upper half of a hash of the body that is the same in every process
 * @param status of the answer
 * @param answer its body
 */
public record KeyedAnswer(String key, long bodyHash0, long bodyHash1, int status, byte[] answer) {
    public boolean hasBody(long hash0, long hash1) {
        return bodyHash0 == hash0 && bodyHash1 == hash1;
    }

    void write(FrameBuffer to) {
        byte[] text = key.getBytes(StandardCharsets.UTF_8);
        to.putSpan(text, 0, text.length);
        to.putLong(bodyHash0);
        to.putLong(bodyHash1);
        to.putVarint(status);
        to.putSpan(answer, 0, answer.length);
    }

    static KeyedAnswer read(FrameCursor from) {
        String key = new String(from.getSpan(), StandardCharsets.UTF_8);
        long hash0 = from.getLong();
        long hash1 = from.getLong();
        int status = (int) from.getVarint();
        return new KeyedAnswer(key, hash0, hash1, status, from.getSpan());
    }
}
