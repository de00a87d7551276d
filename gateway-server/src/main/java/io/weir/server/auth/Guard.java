package io.weir.server.auth;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.weir.server.auth.Denial.Reason;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Decides about requests by one state of the configuration. What is looked up is looked up by a {@link Digest}, what is
 * compared is compared in constant time, and an unknown user costs what a known one does. Immutable but for what {@link
 * Access} shares, any thread.
 *
 * <p>Without tokens and users the passwords of drain and metrics protect their own scopes only, as at the system they come
 * from; with them every route asks, save the open ones.
 */
public final class Guard {
    private static final String DRAIN_USER = "drain";
    private static final String METRICS_USER = "metrics";

    private final AuthConfig auth;
    private final WebRules rules;
    private final Map<Digest, Token> tokens = new HashMap<>();
    private final Map<Digest, Principal> passwords = new HashMap<>();
    private final Bcrypt decoy;
    private final RateLimit rate;
    private final Access shared;
    private final byte[] headers;
    private final Map<Scope, String[]> challenges = new HashMap<>();

    Guard(AuthConfig auth, WebRules rules, RateLimit rate, Access shared) {
        this.auth = auth;
        this.rules = rules;
        this.rate = rate;
        this.shared = shared;
        auth.tokens().forEach(token -> tokens.put(token.digest(), token));
        password(DRAIN_USER, Scope.DRAIN, auth.drainPassword());
        password(METRICS_USER, Scope.SCRAPE, auth.metricsPassword());
        decoy = Bcrypt.decoy(rules.users().values().stream()
                .mapToInt(Bcrypt::cost)
                .max()
                .orElse(Bcrypt.COST_DEFAULT));
        StringBuilder fields = new StringBuilder();
        new TreeMap<>(rules.headers())
                .forEach((name, value) -> fields.append(name).append(": ").append(value).append("\r\n"));
        headers = fields.length() == 0 ? null : fields.toString().getBytes(ISO_8859_1);
        for (Scope scope : Scope.values()) {
            challenges.put(scope, challenge(scope));
        }
        challenges.put(null, challenge(null));
    }

    private void password(String user, Scope scope, Digest password) {
        if (password != null) {
            passwords.put(password, new Principal(user, Set.of(scope)));
        }
    }

    /** A password as {@link AuthConfig} holds it. */
    public static Digest drainPassword(String text) {
        return Digest.of(DRAIN_USER, text);
    }

    /** A password as {@link AuthConfig} holds it. */
    public static Digest metricsPassword(String text) {
        return Digest.of(METRICS_USER, text);
    }

    /** Header fields of every answer, each with its line end; null for none. */
    public byte[] headers() {
        return headers;
    }

    /**
     * Decides, or begins to.
     *
     * @param scope of the route; null when there is none, which only those learn who are known
     * @param authorization the field as sent, or null
     * @param later told the outcome when {@link Outcome#LATER} is returned, by another thread
     */
    public Outcome check(Scope scope, String authorization, InetAddress peer, Consumer<Outcome> later) {
        if (scope == Scope.OPEN) {
            return Outcome.ANYBODY;
        }
        if (rate != null && !rate.allow()) {
            return deny(new Denial(429, Reason.RATE, "more requests than rate_limit allows", "Retry-After", "1"));
        }
        if (!asks(scope)) {
            return Outcome.ANYBODY;
        }
        if (authorization == null) {
            return deny(unauthorized(Reason.MISSING, scope, "credentials are needed here"));
        }
        int seconds = shared.failures().blockedSeconds(peer);
        if (seconds > 0 && !shared.wasLetIn(peer, authorization)) {
            return deny(new Denial(
                    429, Reason.BLOCKED, "too many wrong credentials from your address, try again in " + seconds + " s",
                    "Retry-After", Integer.toString(seconds)));
        }
        Credentials credentials = Credentials.parse(authorization);
        if (credentials == null) {
            return wrong(scope, peer);
        }
        Principal principal = known(credentials);
        if (principal != null) {
            return remembered(admit(principal, scope), peer, authorization);
        }
        if (credentials.user() == null || rules.users().isEmpty()) {
            return wrong(scope, peer);
        }
        Outcome outcome = user(
                credentials, scope, peer, late -> later.accept(remembered(late, peer, authorization)));
        return remembered(outcome, peer, authorization);
    }

    private Outcome remembered(Outcome outcome, InetAddress peer, String authorization) {
        if (outcome.principal() != null) {
            shared.letIn(peer, authorization);
        }
        return outcome;
    }

    /** Whether the credentials that were admitted on this connection before will do for this scope too. */
    public Outcome again(Scope scope, Principal principal) {
        if (rate != null && !rate.allow()) {
            return deny(new Denial(429, Reason.RATE, "more requests than rate_limit allows", "Retry-After", "1"));
        }
        return admit(principal, scope);
    }

    /** Whether requests of this scope need credentials; null for those that have no route. */
    boolean asks(Scope scope) {
        return !tokens.isEmpty()
                || !rules.users().isEmpty()
                || scope == Scope.DRAIN && auth.drainPassword() != null
                || scope == Scope.SCRAPE && auth.metricsPassword() != null;
    }

    /** By what is compared fast: tokens, and the passwords of the configuration. */
    private Principal known(Credentials credentials) {
        Token token = tokens.get(Digest.of(credentials.secret()));
        if (token != null && (credentials.user() == null || credentials.user().equals(token.name()))) {
            return new Principal(token.name(), token.scopes());
        }
        return credentials.user() == null
                ? null
                : passwords.get(Digest.of(credentials.user(), credentials.secret()));
    }

    private Outcome user(Credentials credentials, Scope scope, InetAddress peer, Consumer<Outcome> later) {
        Bcrypt hash = rules.users().get(credentials.user());
        boolean exists = hash != null;
        Principal principal = new Principal(credentials.user(), Principal.EVERYTHING);
        // counted before it is known to be wrong, so that one address cannot have more checks running than it may fail
        boolean blocks = shared.failures().count(peer);
        PasswordCheck.Answer answer = shared.passwords()
                .ask(credentials.user(), exists ? hash : decoy, credentials.secret(), (right, first) -> {
                    if (right && exists) {
                        if (first) {
                            shared.failures().forgive(peer);
                        }
                        later.accept(admit(principal, scope));
                    } else {
                        later.accept(first ? refuse(scope, peer, blocks) : wrong(scope, peer));
                    }
                });
        if (answer != PasswordCheck.Answer.BEGUN) {
            shared.failures().forgive(peer);
        }
        return switch (answer) {
            case RIGHT -> exists ? admit(principal, scope) : wrong(scope, peer);
            case WRONG -> wrong(scope, peer);
            case BEGUN, SHARED -> Outcome.LATER;
            case BUSY -> deny(new Denial(
                    503, Reason.BUSY, "too many passwords are being checked, try again", "Retry-After", "5"));
        };
    }

    private Outcome admit(Principal principal, Scope scope) {
        if (principal.may(scope)) {
            return Outcome.admitted(principal);
        }
        String needed = scope.name().toLowerCase(Locale.ROOT);
        return deny(new Denial(
                403, Reason.SCOPE, "these credentials do not have the scope " + needed,
                "WWW-Authenticate", "Bearer realm=\"weir\", error=\"insufficient_scope\", scope=\"" + needed + "\""));
    }

    private Outcome wrong(Scope scope, InetAddress peer) {
        return refuse(scope, peer, shared.failures().count(peer));
    }

    private Outcome refuse(Scope scope, InetAddress peer, boolean blocks) {
        if (blocks) {
            shared.blocked(peer);
        }
        return deny(unauthorized(Reason.WRONG, scope, "these credentials are not known here"));
    }

    private Denial unauthorized(Reason reason, Scope scope, String detail) {
        return new Denial(401, reason, detail, challenges.get(scope));
    }

    private Outcome deny(Denial denial) {
        shared.denied(denial.reason());
        return Outcome.denied(denial);
    }

    /** Every way in that can work for this scope, as {@code WWW-Authenticate} fields (RFC 9110 11.6.1). */
    private String[] challenge(Scope scope) {
        List<String> fields = new ArrayList<>();
        String realm = "weir";
        if (scope == Scope.DRAIN && auth.drainPassword() != null) {
            realm = DRAIN_USER;
        } else if (scope == Scope.SCRAPE && auth.metricsPassword() != null) {
            realm = METRICS_USER;
        }
        fields.add("WWW-Authenticate");
        fields.add("Basic realm=\"" + realm + "\"");
        if (!tokens.isEmpty()) {
            fields.add("WWW-Authenticate");
            fields.add("Bearer realm=\"" + realm + "\"");
        }
        return fields.toArray(String[]::new);
    }
}
