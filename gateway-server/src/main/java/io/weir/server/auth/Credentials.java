package io.weir.server.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Base64;

/**
 * What an {@code Authorization} field says (RFC 7617, RFC 6750; {@code Token} is InfluxDB's word for {@code Bearer}).
 *
 * @param user null for a bare token
 */
record Credentials(String user, String secret) {
    /** Null when it says nothing that is known here. */
    static Credentials parse(String authorization) {
        int space = authorization.indexOf(' ');
        if (space < 0) {
            return null;
        }
        String scheme = authorization.substring(0, space);
        String rest = authorization.substring(space + 1).strip();
        if (rest.isEmpty()) {
            return null;
        }
        if (scheme.equalsIgnoreCase("Bearer") || scheme.equalsIgnoreCase("Token")) {
            return new Credentials(null, rest);
        }
        if (!scheme.equalsIgnoreCase("Basic")) {
            return null;
        }
        try {
            String pair = new String(Base64.getDecoder().decode(rest), UTF_8);
            int colon = pair.indexOf(':');
            return colon < 0 ? null : new Credentials(pair.substring(0, colon), pair.substring(colon + 1));
        } catch (IllegalArgumentException notBase64) {
            return null;
        }
    }

    @Override
    public String toString() {
        return "Credentials[user=" + user + "]";
    }
}
