package io.weir.server.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A secret as this process remembers it: HMAC-SHA256 under a key that is drawn at the start and never leaves. So no secret
 * stands in memory or in a dump, and what is compared or looked up tells a guesser nothing: he cannot choose it. Immutable,
 * any thread.
 */
public final class Digest {
    private static final String ALGORITHM = "HmacSHA256";
    private static final SecretKeySpec KEY = key();

    private final byte[] bytes;

    private Digest(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Of the UTF-8 bytes of the texts, each with its length, so that no two lists are the same. */
    public static Digest of(String... texts) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(KEY);
            for (String text : texts) {
                byte[] part = text.getBytes(UTF_8);
                mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, part.length).array());
                mac.update(part);
            }
            return new Digest(mac.doFinal());
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java has " + ALGORITHM, e);
        }
    }

    private static SecretKeySpec key() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        return new SecretKeySpec(key, ALGORITHM);
    }

    /** In constant time. */
    @Override
    public boolean equals(Object o) {
        return o instanceof Digest other && MessageDigest.isEqual(bytes, other.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "***";
    }
}
