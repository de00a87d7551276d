package io.weir.server.remotewrite;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;

/**
 * One remote_write endpoint. Immutable, any thread. Construction validates and throws {@link IllegalArgumentException} whose
 * message is one clause for the operator and never holds a secret or the URL.
 *
 * @param url http or https, with a host, without user-info or fragment
 * @param interval from the start of one flush to the start of the next, at least {@link #INTERVAL_MIN}
 * @param username of basic authentication, or null
 * @param password of basic authentication, or null
 * @param passwordFile read again for each flush, so that the password can be rotated; or null
 * @param bearerTokenFile read again for each flush; or null
 * @param protocol version of remote_write, or the newest that the endpoint understands
 * @param headers sent with each request, besides those that remote_write itself needs
 */
public record RemoteWriteConfig(
        URI url,
        Duration interval,
        String username,
        Secret password,
        Path passwordFile,
        Path bearerTokenFile,
        Protocol protocol,
        List<Header> headers,
        Tuning tuning) {

    public static final Duration INTERVAL_DEFAULT = Duration.ofSeconds(15);
    public static final Duration INTERVAL_MIN = Duration.ofMillis(100);
    public static final Duration INTERVAL_MAX = Duration.ofHours(1);

    /** Header fields of one endpoint. */
    public static final int HEADERS_MAX = 32;

    /** Owned by the protocol or by HTTP itself (lower case). */
    private static final Set<String> RESERVED = Set.of(
            "content-encoding",
            "content-type",
            "x-prometheus-remote-write-version",
            "user-agent",
            "content-length",
            "transfer-encoding",
            "host",
            "connection",
            "keep-alive",
            "upgrade",
            "expect",
            "te",
            "trailer",
            "proxy-connection");

    public RemoteWriteConfig {
        Objects.requireNonNull(protocol);
        Objects.requireNonNull(tuning);
        headers = List.copyOf(headers);
        checkUrl(url);
        check(
                interval.compareTo(INTERVAL_MIN) >= 0 && interval.compareTo(INTERVAL_MAX) <= 0,
                "the interval must lie between 100ms and 1h");
        checkCredentials(username, password, passwordFile, bearerTokenFile, headers);

        check(headers.size() <= HEADERS_MAX, "more than " + HEADERS_MAX + " headers");
        Set<String> seen = new HashSet<>();
        for (Header h : headers) {
            String lower = h.name().toLowerCase(Locale.ROOT);
            check(!RESERVED.contains(lower), "header '" + h.name() + "' is set by remote_write itself");
            check(seen.add(lower), "header '" + h.name() + "' is given twice");
        }
    }

    /** An endpoint without authentication, with all defaults. */
    public static RemoteWriteConfig of(URI url) {
        return new RemoteWriteConfig(
                url, INTERVAL_DEFAULT, null, null, null, null, Protocol.AUTO, List.of(), Tuning.DEFAULTS);
    }

    /** What metrics and log lines may say of the endpoint: the host, for path and query may hold tokens. */
    public String host() {
        return url.getHost();
    }

    private static void checkUrl(URI url) {
        String scheme = url.getScheme();
        check(
                "http".equalsIgnoreCase(scheme) || "https".equalsIgnoreCase(scheme),
                "the URL must begin with http:// or https://");
        check(
                url.getRawUserInfo() == null && (url.getRawAuthority() == null || !url.getRawAuthority().contains("@")),
                "the URL must not hold user and password; use username and password or password-file");
        check(url.getHost() != null, "the URL has no valid host");
        check(url.getPort() <= 65535, "the URL's port is above 65535");
        check(url.getRawFragment() == null, "the URL must not have a fragment");
    }

    private static void checkCredentials(
            String username, Secret password, Path passwordFile, Path bearerTokenFile, List<Header> headers) {
        check(password == null || passwordFile == null, "password and password-file exclude each other");
        boolean hasPassword = password != null || passwordFile != null;
        check(username != null || !hasPassword, "a password needs a username");
        check(username == null || hasPassword, "a username needs a password or password-file");
        if (username != null) {
            check(username.indexOf(':') < 0, "the username must not contain ':'");
            check(username.chars().noneMatch(Character::isISOControl), "the username holds a control character");
        }
        boolean hasHeader = headers.stream().anyMatch(h -> h.name().equalsIgnoreCase("Authorization"));
        int ways = (username == null ? 0 : 1) + (bearerTokenFile == null ? 0 : 1) + (hasHeader ? 1 : 0);
        check(ways <= 1, "only one of username, bearer-token-file and an Authorization header can be used");
    }

    private static void check(boolean ok, String problem) {
        if (!ok) {
            throw new IllegalArgumentException(problem);
        }
    }

    /** Names the endpoint by its host; the URL may hold a token. */
    @Override
    public String toString() {
        return "RemoteWriteConfig[host=" + host() + ", interval=" + interval + ", username=" + username
                + ", password=" + password + ", passwordFile=" + passwordFile + ", bearerTokenFile=" + bearerTokenFile
                + ", protocol=" + protocol + ", headers=" + headers + ", tuning=" + tuning + ']';
    }

    /**
     * A header field of the operator's.
     *
     * @param name a token (RFC 9110 section 5.1)
     * @param value visible ASCII, spaces and tabs; treated as a secret, since it often is one
     */
    public record Header(String name, Secret value) {
        public Header {
            check(!name.isEmpty() && name.chars().allMatch(Header::isTokenCharacter), "not a legal header name");
            String text = value.reveal();
            check(
                    text.chars().allMatch(c -> c >= ' ' && c < 0x7f || c == '\t'),
                    "the value of header '" + name + "' may only hold visible ASCII characters");
        }

        /** Reads {@code Name: value}. */
        public static Header parse(String line) {
            int colon = line.indexOf(':');
            check(colon > 0, "a header is written 'Name: value'");
            return new Header(line.substring(0, colon).strip(), new Secret(line.substring(colon + 1).strip()));
        }

        private static boolean isTokenCharacter(int c) {
            return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
                    || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
        }
    }

    /**
     * Limits and times of the sender.
     *
     * @param seriesPerRequest time series of one request; a histogram counts each of its series
     * @param bytesPerRequest a request takes no further series once it is this long, before compression
     * @param requestsInFlight requests on their way at the same time, each with other series
     * @param connectTimeout to open a connection
     * @param requestTimeout from sending a request to the end of its answer
     * @param backoffMin delay after the first failure; it doubles with each further one, of which half is random
     * @param backoffMax longest such delay
     * @param retryAfterMax longest {@code Retry-After} that is honoured
     * @param retryAgeMax samples older than this are not tried again
     * @param triesPerBody tries of a body that is answered with a 5xx status, before it is taken apart
     * @param splitsPerRequest further requests spent on finding the bad series of a refused one
     * @param finalFlush time for the last flush when the process stops
     */
    public record Tuning(
            int seriesPerRequest,
            int bytesPerRequest,
            int requestsInFlight,
            Duration connectTimeout,
            Duration requestTimeout,
            Duration backoffMin,
            Duration backoffMax,
            Duration retryAfterMax,
            Duration retryAgeMax,
            int triesPerBody,
            int splitsPerRequest,
            Duration finalFlush) {

        public static final Tuning DEFAULTS = new Tuning(
                2_000,
                4 << 20,
                4,
                Duration.ofSeconds(5),
                Duration.ofSeconds(30),
                Duration.ofMillis(250),
                Duration.ofSeconds(30),
                Duration.ofMinutes(5),
                Duration.ofMinutes(5),
                6,
                64,
                Duration.ofSeconds(5));

        public Tuning {
            check(seriesPerRequest >= 1 && seriesPerRequest <= 100_000, "series per request: 1 to 100000");
            check(bytesPerRequest >= 1 && bytesPerRequest <= 64 << 20, "bytes per request: 1B to 64MiB");
            check(requestsInFlight >= 1 && requestsInFlight <= 64, "requests in flight: 1 to 64");
            checkPositive(connectTimeout, "connect timeout");
            checkPositive(requestTimeout, "request timeout");
            checkPositive(backoffMin, "smallest backoff");
            checkPositive(retryAfterMax, "longest Retry-After");
            checkPositive(retryAgeMax, "retry age");
            checkPositive(finalFlush, "time for the final flush");
            checkPositive(backoffMax, "longest backoff");
            check(backoffMax.compareTo(backoffMin) >= 0, "the longest backoff is below the smallest");
            check(triesPerBody >= 1, "tries of a body: at least 1");
            check(splitsPerRequest >= 0, "requests to find bad series: at least 0");
        }

        private static void checkPositive(Duration d, String what) {
            check(d.compareTo(Duration.ZERO) > 0 && d.compareTo(Duration.ofDays(1)) <= 0, what + ": above 0, at most 1d");
        }
    }
}
