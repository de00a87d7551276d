package io.weir.server.config;

import io.weir.server.auth.Bcrypt;
import io.weir.server.auth.WebRules;
import io.weir.server.tls.Tls;
import io.weir.server.tls.TlsException;
import io.weir.server.tls.TlsSettings;
import io.weir.server.tls.TlsSettings.ClientCertificate;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Reader of the exporter-toolkit's format. What that refuses is refused here: unknown and doubled keys, keys without
 * certificates, unknown words, headers that may not be set, hashes that are none, and with HTTP/2 not switched off a list of
 * cipher suites without the one that HTTP/2 asks for. One thread, once.
 */
final class WebConfigFile {
    private static final Logger LOG = LoggerFactory.getLogger(WebConfigFile.class);

    private static final String TLS = "tls_server_config";
    private static final String HTTP = "http_server_config";
    private static final String USERS = "basic_auth_users";
    private static final String RATE = "rate_limit";

    private static final List<String> KEYS = List.of(TLS, HTTP, USERS, RATE);
    private static final List<String> TLS_KEYS = List.of(
            "cert",
            "key",
            "client_ca",
            "cert_file",
            "key_file",
            "client_auth_type",
            "client_ca_file",
            "client_allowed_sans",
            "min_version",
            "max_version",
            "cipher_suites",
            "prefer_server_cipher_suites",
            "curve_preferences");

    private static final Map<String, ClientCertificate> CLIENT_AUTH = Map.of(
            "", ClientCertificate.NONE,
            "NoClientCert", ClientCertificate.NONE,
            "RequestClientCert", ClientCertificate.REQUEST,
            "RequireClientCert", ClientCertificate.REQUIRE_ANY,
            "RequireAnyClientCert", ClientCertificate.REQUIRE_ANY,
            "VerifyClientCertIfGiven", ClientCertificate.VERIFY_IF_GIVEN,
            "RequireAndVerifyClientCert", ClientCertificate.REQUIRE_AND_VERIFY);

    /** Headers that may be set, with the values they may have; any when there are none. */
    private static final Map<String, List<String>> HEADERS = Map.of(
            "Strict-Transport-Security", List.of(),
            "X-Content-Type-Options", List.of("nosniff"),
            "X-Frame-Options", List.of("deny", "sameorigin"),
            "X-XSS-Protection", List.of(),
            "Content-Security-Policy", List.of());

    /** HTTP/2 does not do without one of these (RFC 9113 9.2.2). */
    private static final List<String> HTTP2_SUITES =
            List.of("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");

    private static final Pattern DURATION_PART = Pattern.compile("([0-9]*\\.?[0-9]*)(ns|us|µs|μs|ms|s|m|h)");
    private static final Map<String, Long> UNITS = Map.of(
            "ns", 1L, "us", 1_000L, "µs", 1_000L, "μs", 1_000L, "ms", 1_000_000L, "s", 1_000_000_000L,
            "m", 60_000_000_000L, "h", 3_600_000_000_000L);

    private static final int COST_SLOW = 14;

    private final Path file;
    private final List<Path> files = new ArrayList<>();

    private WebConfigFile(Path file) {
        this.file = file;
        files.add(file);
    }

    static WebConfig read(Path file) throws ConfigException {
        return new WebConfigFile(file).read();
    }

    private WebConfig read() throws ConfigException {
        Optional<Node> root = YamlText.read(file);
        Map<String, Node> sections = root.isPresent() ? section("", root.get(), KEYS) : Map.of();
        Map<String, Bcrypt> users = users(sections.get(USERS));
        Map<String, Node> http = section(HTTP, sections.get(HTTP), List.of("http2", "headers"));
        boolean http2 = bool("http2", http.get("http2"), true);
        Map<String, String> headers = headers(http.get("headers"));
        Map<String, Node> rate = section(RATE, sections.get(RATE), List.of("interval", "burst"));
        WebRules rules = new WebRules(users, headers, interval(rate.get("interval")), burst(rate.get("burst")));
        if (rules.rateIntervalNanos() > 0 && rules.rateBurst() < 1) {
            LOG.warn("{}: a rate_limit without a burst lets no request through", file);
        }
        return new WebConfig(tls(sections.get(TLS), http2), rules, List.copyOf(files));
    }

    private Optional<Tls> tls(Node section, boolean http2) throws ConfigException {
        Map<String, Node> keys = section(TLS, section, TLS_KEYS);
        List<String> suites = list("cipher_suites", keys.get("cipher_suites"), Tls::isCipherSuite, "cipher suite");
        List<String> curves = list("curve_preferences", keys.get("curve_preferences"), Tls::isCurve, "curve");
        String min = version(keys.get("min_version"), "TLS12");
        String max = version(keys.get("max_version"), "TLS13");
        boolean preferServer =
                bool("prefer_server_cipher_suites", keys.get("prefer_server_cipher_suites"), true);
        Node sansNode = keys.get("client_allowed_sans");
        List<String> sans = sansNode == null || isNull(sansNode)
                ? null
                : list("client_allowed_sans", sansNode, name -> true, "name");
        String authType = text("client_auth_type", keys.get("client_auth_type"));
        boolean wanted = !authType.isEmpty();
        for (String key : List.of("cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file")) {
            wanted |= !text(key, keys.get(key)).isEmpty();
        }
        if (!wanted) {
            return Optional.empty();
        }
        String certificate = pem(keys, "cert");
        if (certificate == null) {
            throw at(section, "missing one of cert or cert_file");
        }
        String key = pem(keys, "key");
        if (key == null) {
            throw at(section, "missing one of key or key_file");
        }
        String clientCa = pem(keys, "client_ca");
        ClientCertificate clientAuth = CLIENT_AUTH.get(authType);
        if (clientAuth == null) {
            throw at(keys.get("client_auth_type"), "invalid client_auth_type " + Settings.quote(authType)
                    + "; expected one of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven,"
                    + " RequireAndVerifyClientCert");
        }
        if (http2 && !suites.isEmpty() && !min.equals("TLS13") && HTTP2_SUITES.stream().noneMatch(suites::contains)) {
            throw at(keys.get("cipher_suites"), "cipher_suites lacks what HTTP/2 asks for, one of "
                    + String.join(" and ", HTTP2_SUITES) + "; or set http_server_config.http2: false");
        }
        try {
            return Optional.of(Tls.of(new TlsSettings(
                    certificate, key, clientCa, clientAuth, sans, suites, curves, min, max, preferServer)));
        } catch (TlsException e) {
            throw at(section, TLS + ": " + e.getMessage());
        }
    }

    /** The text of a key, or of the file that its {@code _file} sister names, which comes first; null for neither. */
    private String pem(Map<String, Node> keys, String name) throws ConfigException {
        String path = text(name + "_file", keys.get(name + "_file"));
        if (!path.isEmpty()) {
            Path from = file.toAbsolutePath().resolveSibling(path);
            files.add(from);
            return YamlText.content(from);
        }
        String inline = text(name, keys.get(name));
        return inline.isEmpty() ? null : inline;
    }

    private String version(Node node, String initial) throws ConfigException {
        if (node == null || isNull(node)) {
            return initial;
        }
        String text = text("version", node);
        if (!Tls.isVersion(text)) {
            throw at(node, "unknown TLS version " + Settings.quote(text) + "; expected TLS10, TLS11, TLS12 or TLS13");
        }
        return text;
    }

    private Map<String, Bcrypt> users(Node node) throws ConfigException {
        Map<String, Bcrypt> users = new LinkedHashMap<>();
        for (Map.Entry<String, Node> user : mapping(USERS, node).entrySet()) {
            try {
                Bcrypt hash = Bcrypt.parse(text(USERS, user.getValue()));
                if (hash.cost() > COST_SLOW) {
                    LOG.warn("{}: a hash of cost {} takes seconds to verify", file, hash.cost());
                }
                users.put(user.getKey(), hash);
            } catch (IllegalArgumentException e) {
                throw at(user.getValue(), USERS + ": user " + Settings.quote(user.getKey()) + ": " + e.getMessage()
                        + " (weir hash-password makes one)");
            }
        }
        return users;
    }

    private Map<String, String> headers(Node node) throws ConfigException {
        Map<String, String> headers = new LinkedHashMap<>();
        for (Map.Entry<String, Node> header : mapping("headers", node).entrySet()) {
            String name = header.getKey();
            List<String> allowed = HEADERS.get(name);
            if (allowed == null) {
                throw at(header.getValue(), "HTTP header " + Settings.quote(name) + " can not be configured");
            }
            String value = text(name, header.getValue());
            if (!allowed.isEmpty() && !allowed.contains(value)) {
                throw at(header.getValue(), "invalid value for " + name + "; expected one of "
                        + String.join(", ", allowed));
            }
            if (!value.chars().allMatch(c -> c >= ' ' && c <= '~')) {
                throw at(header.getValue(), name + ": expected visible ASCII characters");
            }
            if (!value.isEmpty()) {
                headers.put(name, value);
            }
        }
        return headers;
    }

    /** A duration as Go writes it, or nanoseconds as a whole number. */
    private long interval(Node node) throws ConfigException {
        String text = text("interval", node);
        if (text.isEmpty()) {
            return 0;
        }
        boolean negative = text.startsWith("-");
        String rest = text.startsWith("-") || text.startsWith("+") ? text.substring(1) : text;
        BigDecimal nanos = BigDecimal.ZERO;
        if (rest.matches("[0-9]{1,19}")) {
            nanos = new BigDecimal(rest);
            rest = "";
        }
        Matcher part = DURATION_PART.matcher(rest);
        int at = 0;
        while (at < rest.length() && part.find(at) && part.start() == at && part.group(1).matches(".*[0-9].*")) {
            String number = part.group(1).startsWith(".") ? "0" + part.group(1) : part.group(1);
            nanos = nanos.add(new BigDecimal(number).multiply(BigDecimal.valueOf(UNITS.get(part.group(2)))));
            at = part.end();
        }
        if (at < rest.length() || nanos.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw at(node, "interval: bad value " + Settings.quote(text) + "; expected a duration such as 1s or 100ms");
        }
        return negative ? 0 : nanos.longValue();
    }

    private int burst(Node node) throws ConfigException {
        String text = text("burst", node);
        if (text.isEmpty()) {
            return 0;
        }
        if (!text.matches("[-+]?[0-9]{1,9}")) {
            throw at(node, "burst: bad value " + Settings.quote(text) + "; expected a whole number");
        }
        return Integer.parseInt(text);
    }

    private boolean bool(String name, Node node, boolean initial) throws ConfigException {
        if (node == null || isNull(node)) {
            return initial;
        }
        // the words of YAML 1.1, by which the reference reads
        return switch (text(name, node)) {
            case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y" -> true;
            case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N" -> false;
            default -> throw at(node, name + ": expected true or false");
        };
    }

    private List<String> list(String name, Node node, Predicate<String> known, String what) throws ConfigException {
        if (node == null || isNull(node)) {
            return List.of();
        }
        if (!(node instanceof SequenceNode list)) {
            throw at(node, name + ": expected a list");
        }
        List<String> texts = new ArrayList<>();
        for (Node item : list.getValue()) {
            String text = text(name, item);
            if (!known.test(text)) {
                throw at(item, "unknown " + what + " " + Settings.quote(text));
            }
            texts.add(text);
        }
        return List.copyOf(texts);
    }

    private Map<String, Node> section(String name, Node node, List<String> keys) throws ConfigException {
        Map<String, Node> section = mapping(name, node);
        for (Map.Entry<String, Node> entry : section.entrySet()) {
            if (!keys.contains(entry.getKey())) {
                String nearest = Suggestion.nearest(entry.getKey(), keys);
                throw at(entry.getValue(), "unknown key " + Settings.quote(entry.getKey())
                        + (name.isEmpty() ? "" : " in " + name)
                        + (nearest == null ? "" : "; did you mean \"" + nearest + "\"?"));
            }
        }
        return section;
    }

    private Map<String, Node> mapping(String name, Node node) throws ConfigException {
        if (node == null || isNull(node)) {
            return Map.of();
        }
        if (!(node instanceof MappingNode map)) {
            throw at(node, (name.isEmpty() ? "" : name + ": ") + "expected keys and values");
        }
        Map<String, Node> entries = new LinkedHashMap<>();
        for (NodeTuple tuple : map.getValue()) {
            String key = text(name, tuple.getKeyNode());
            if (entries.put(key, tuple.getValueNode()) != null) {
                throw at(tuple.getKeyNode(), Settings.quote(key) + " is given twice");
            }
        }
        return entries;
    }

    /** Empty for none. */
    private String text(String name, Node node) throws ConfigException {
        if (node == null || isNull(node)) {
            return "";
        }
        if (node instanceof ScalarNode scalar) {
            return scalar.getValue();
        }
        throw at(node, name + ": expected one value");
    }

    private static boolean isNull(Node node) {
        return node instanceof ScalarNode && node.getTag().equals(Tag.NULL);
    }

    private ConfigException at(Node node, String message) {
        return YamlText.at(file, node.getStartMark(), message);
    }
}
