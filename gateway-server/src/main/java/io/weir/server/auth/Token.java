package io.weir.server.auth;

import java.util.Set;

/**
 * A key that a program shows with its requests. Immutable, any thread.
 *
 * @param name of whom it was given to; also the user name when it is sent as a password of basic authentication
 * @param scopes at least one; {@link Scope#OPEN} has no meaning here
 */
public record Token(String name, Digest digest, Set<Scope> scopes) {
    public Token {
        scopes = Set.copyOf(scopes);
        if (scopes.isEmpty()) {
            throw new IllegalArgumentException("a token needs a scope");
        }
    }
}
