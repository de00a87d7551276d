package io.weir.sample;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;

/**
 * Random words that nobody can guess, for the seeds of hashes. Taken from the kernel's generator, which is where
 * {@link SecureRandom} has its own from: to load the security providers for 32 bytes takes 20 ms of a start. Any thread.
 */
public final class Entropy {
    private static final Path KERNEL = Path.of("/dev/urandom");

    private Entropy() {}

    /** One word. */
    public static long word() {
        return words(1).getLong();
    }

    /** A hash with four such words as its secret. */
    public static KeyHash keyHash() {
        ByteBuffer words = words(4);
        return new KeyHash(words.getLong(), words.getLong(), words.getLong(), words.getLong());
    }

    private static ByteBuffer words(int count) {
        try (InputStream in = Files.newInputStream(KERNEL)) {
            byte[] bytes = in.readNBytes(count * Long.BYTES);
            if (bytes.length == count * Long.BYTES) {
                return ByteBuffer.wrap(bytes);
            }
        } catch (IOException elsewhere) {
            // no such device: the platform's own way
        }
        byte[] bytes = new byte[count * Long.BYTES];
        new SecureRandom().nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }
}
