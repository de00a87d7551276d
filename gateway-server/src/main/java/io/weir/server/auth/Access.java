package io.weir.server.auth;

import io.weir.server.telemetry.CounterFamily;
import io.weir.server.telemetry.Telemetry;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rules in force, which a reload swaps, and what outlives them: failures of addresses, verified passwords, the rate
 * limit. Any thread; a request reads one field, which is null when there is nothing to ask.
 */
public final class Access implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Access.class);

    /** Credentials with their addresses that are remembered; when there are more, all are forgotten. */
    static final int LET_IN_MAX = 10_000;

    private final Set<Digest> letIn = ConcurrentHashMap.newKeySet();
    private final PasswordCheck passwords = new PasswordCheck();
    private final FailureLimit failures;
    private final LongSupplier nanoClock;
    private final CounterFamily denied;
    private WebRules rulesNow = WebRules.NONE;
    private RateLimit rateNow;
    private volatile Guard guard;

    /** Asks nobody until {@link #apply}. */
    public Access(Telemetry telemetry, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.failures = new FailureLimit(nanoClock);
        this.denied = telemetry.counters(
                "weir_auth_denied_total", "Requests that were not let in, by the reason.", "reason");
        for (Denial.Reason reason : Denial.Reason.values()) {
            denied.with(word(reason));
        }
        telemetry.total("weir_auth_password_checks_total", "bcrypt verifications done; results are remembered.",
                passwords::verifications);
        telemetry.gauge("weir_auth_failing_addresses", "Addresses whose wrong credentials are not forgiven yet.",
                failures::addresses);
    }

    /** Puts new rules in force, for requests that begin from now on. */
    public synchronized void apply(AuthConfig auth, WebRules rules) {
        if (rules.rateIntervalNanos() == 0) {
            rateNow = null;
        } else if (rateNow == null
                || rules.rateIntervalNanos() != rulesNow.rateIntervalNanos()
                || rules.rateBurst() != rulesNow.rateBurst()) {
            rateNow = new RateLimit(rules.rateIntervalNanos(), rules.rateBurst(), nanoClock);
        }
        rulesNow = rules;
        boolean nothing = !auth.asks() && rules.isEmpty();
        guard = nothing ? null : new Guard(auth, rules, rateNow, this);
    }

    /** What to ask each request; null when there is nothing to ask. */
    public Guard guard() {
        return guard;
    }

    /** What anybody may do, beside asking for health. */
    public List<Scope> openToAnybody() {
        Guard now = guard;
        return Stream.of(Scope.values())
                .filter(scope -> scope != Scope.OPEN && (now == null || !now.asks(scope)))
                .toList();
    }

    PasswordCheck passwords() {
        return passwords;
    }

    FailureLimit failures() {
        return failures;
    }

    /** Remembers with what an address was let in. */
    void letIn(InetAddress peer, String authorization) {
        if (letIn.size() >= LET_IN_MAX) {
            letIn.clear();
        }
        letIn.add(Digest.of(FailureLimit.key(peer).toString(), authorization));
    }

    /**
     * Whether this address was let in with just this before. Many clients can have one address, behind a proxy or as pods of
     * one node: one of them with a wrong key must not lock the others out.
     */
    boolean wasLetIn(InetAddress peer, String authorization) {
        return letIn.contains(Digest.of(FailureLimit.key(peer).toString(), authorization));
    }

    void denied(Denial.Reason reason) {
        denied.with(word(reason)).increment();
    }

    void blocked(InetAddress peer) {
        LOG.atWarn()
                .addKeyValue("address", peer == null ? "unknown" : peer.getHostAddress())
                .addKeyValue("failures", FailureLimit.BURST)
                .log("wrong credentials again and again: further requests with credentials from there get 429 for a while");
    }

    private static String word(Denial.Reason reason) {
        return reason.name().toLowerCase(Locale.ROOT);
    }

    /** Requests that wait for a verification are not told any more. */
    @Override
    public void close() {
        passwords.close();
    }
}
