package io.weir.server.auth;

import java.util.EnumSet;
import java.util.Set;

/**
 * Who a request comes from. Immutable, any thread.
 *
 * @param name for logs; the name of a token or a user, never a secret
 */
public record Principal(String name, Set<Scope> scopes) {
    /** What a user of the web configuration may do. */
    static final Set<Scope> EVERYTHING = Set.copyOf(EnumSet.allOf(Scope.class));

    public Principal {
        scopes = Set.copyOf(scopes);
    }

    /** @param scope null for no more than being known */
    boolean may(Scope scope) {
        return scope == null || scopes.contains(scope) || scope == Scope.DRAIN && scopes.contains(Scope.PUSH);
    }
}
