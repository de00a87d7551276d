package io.weir.server.auth;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import at.favre.lib.crypto.bcrypt.BCrypt;
import at.favre.lib.crypto.bcrypt.LongPasswordStrategies;
import java.util.Locale;

/**
 * A bcrypt hash as htpasswd writes it, {@code $2y$10$...}. What is well-formed is decided as Go's {@code
 * golang.org/x/crypto/bcrypt} does, which the web configuration's reference uses. Immutable, any thread; a verification
 * costs about 70 ms at cost 10 and doubles with each step.
 */
public final class Bcrypt {
    /** Bytes of a password that count. */
    public static final int PASSWORD_BYTES_MAX = 72;

    public static final int COST_MIN = 4;
    public static final int COST_MAX = 31;
    public static final int COST_DEFAULT = 10;

    private static final int LENGTH_MIN = 59;
    private static final int SALT_AND_HASH = 53;
    private static final BCrypt.Version VERSION = BCrypt.Version.VERSION_2Y;

    private final int cost;
    private final String text;

    private Bcrypt(int cost, String saltAndHash) {
        this.cost = cost;
        this.text = String.format(Locale.ROOT, "$2y$%02d$%s", cost, saltAndHash);
    }

    /**
     * Reads a hash.
     *
     * @throws IllegalArgumentException with what is wrong, without the hash
     */
    public static Bcrypt parse(String text) {
        if (text.length() < LENGTH_MIN) {
            throw new IllegalArgumentException("too short to be a bcrypt hash");
        }
        if (text.charAt(0) != '$' || text.charAt(1) > '2') {
            throw new IllegalArgumentException("not a bcrypt hash, which begins with $2");
        }
        int at = text.charAt(2) == '$' ? 3 : 4;
        String cost = text.substring(at, at + 2);
        if (!cost.matches("[0-9]{2}") || Integer.parseInt(cost) < COST_MIN || Integer.parseInt(cost) > COST_MAX) {
            throw new IllegalArgumentException("not a bcrypt hash: the cost must be " + COST_MIN + " to " + COST_MAX);
        }
        String rest = text.substring(at + 3);
        return new Bcrypt(Integer.parseInt(cost), rest.substring(0, Math.min(SALT_AND_HASH, rest.length())));
    }

    /** A hash that no password is known for and that takes as long to verify. */
    static Bcrypt decoy(int cost) {
        return new Bcrypt(cost, "QOauhQNbBCuQDKes6eFzPe" + "MqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi");
    }

    /** Hashes a password of at most {@link #PASSWORD_BYTES_MAX} bytes. */
    public static String hash(String password, int cost) {
        return new String(BCrypt.with(VERSION).hash(cost, password.getBytes(UTF_8)), US_ASCII);
    }

    /** Whether this is the password; slow. What is damaged behind the cost fits nothing. */
    public boolean verify(String password) {
        try {
            return BCrypt.verifyer(VERSION, LongPasswordStrategies.truncate(VERSION))
                    .verify(password.getBytes(UTF_8), text.getBytes(US_ASCII))
                    .verified;
        } catch (IllegalArgumentException damaged) {
            return false;
        }
    }

    public int cost() {
        return cost;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Bcrypt other && text.equals(other.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** For the key of a cache only. */
    String text() {
        return text;
    }

    @Override
    public String toString() {
        return "***";
    }
}
