package io.weir.server.config;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.NamePattern;
import io.weir.ingest.PointRules;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import io.weir.sample.Limits;
import io.weir.server.auth.Digest;
import io.weir.server.auth.Scope;
import io.weir.server.auth.Token;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * The YAML file: the options of the table, with dots as nesting or in the key, and four lists that only a file can hold:
 * {@code aggregation.rules}, {@code influx.rules}, {@code auth.tokens} and {@code remote-write} as a list of receivers. Main
 * thread only.
 */
final class ConfigFile {
    static final String AGGREGATION_RULES = "aggregation.rules";
    static final String INFLUX_RULES = "influx.rules";
    static final String REMOTE_WRITE = "remote-write";
    static final String AUTH_TOKENS = "auth.tokens";

    private static final int PROBLEMS_MAX = 10;
    private static final int RULES_MAX = 1_000;
    private static final List<String> TOKEN_KEYS = List.of("name", "token", "token-file", "scopes");
    private static final List<String> AGGREGATION_KEYS = List.of("match", "gauge", "ttl");
    private static final Map<String, Scope> SCOPES = new LinkedHashMap<>();
    private static final List<String> INFLUX_KEYS = List.of("measurement", "field", "as", "buckets");

    static {
        for (Scope scope : List.of(Scope.PUSH, Scope.SCRAPE, Scope.DELETE, Scope.ADMIN, Scope.DRAIN)) {
            SCOPES.put(scope.name().toLowerCase(Locale.ROOT), scope);
        }
    }

    private final Path file;
    private final List<String> problems = new ArrayList<>();
    private final Map<String, String> places = new LinkedHashMap<>();

    private final Settings settings = new Settings();
    private final List<AggregationRules.Rule> aggregationRules = new ArrayList<>();
    private final List<PointRules.Rule> influxRules = new ArrayList<>();
    private final List<Settings> receivers = new ArrayList<>();
    private final List<Token> tokens = new ArrayList<>();
    private final List<Path> tokenFiles = new ArrayList<>();

    private ConfigFile(Path file) {
        this.file = file;
    }

    /**
     * Reads all of a file.
     *
     * @throws ConfigException of {@link ExitCode#CONFIG}, with up to ten problems, one a line
     */
    static ConfigFile read(Path file) throws ConfigException {
        ConfigFile config = new ConfigFile(file);
        Optional<Node> root = YamlText.read(file);
        if (root.isPresent() && !isNull(root.get())) {
            if (root.get() instanceof MappingNode map) {
                config.section("", map);
            } else {
                throw YamlText.at(file, root.get().getStartMark(), "expected keys and values, found " + kind(root.get()));
            }
        }
        if (!config.problems.isEmpty()) {
            throw new ConfigException(ExitCode.CONFIG, String.join("\n", config.problems));
        }
        return config;
    }

    Settings settings() {
        return settings;
    }

    List<AggregationRules.Rule> aggregationRules() {
        return aggregationRules;
    }

    List<PointRules.Rule> influxRules() {
        return influxRules;
    }

    /** Settings of each receiver when {@code remote-write} is a list; else empty. */
    List<Settings> receivers() {
        return receivers;
    }

    List<Token> tokens() {
        return tokens;
    }

    /** Files that {@link #tokens} were read from. */
    List<Path> tokenFiles() {
        return tokenFiles;
    }

    private void section(String prefix, MappingNode map) {
        for (NodeTuple tuple : map.getValue()) {
            Node key = tuple.getKeyNode();
            if (problems.size() >= PROBLEMS_MAX) {
                return;
            }
            if (key instanceof ScalarNode scalar) {
                try {
                    entry(prefix + scalar.getValue(), key, tuple.getValueNode());
                } catch (ConfigException e) {
                    problems.add(e.getMessage());
                }
            } else {
                problems.add(at(key, "expected a key, found " + kind(key)).getMessage());
            }
        }
    }

    private void entry(String name, Node key, Node value) throws ConfigException {
        Option option = Options.byName(name);
        if (option == Options.CONFIG_FILE) {
            throw at(key, "config.file cannot stand in a file");
        } else if (option != null) {
            once(name, key);
            settings.put(option, texts(option, value), origin(value));
        } else if (name.equals(AGGREGATION_RULES)) {
            once(name, key);
            rules(name, value, AGGREGATION_KEYS, this::aggregationRule);
        } else if (name.equals(INFLUX_RULES)) {
            once(name, key);
            rules(name, value, INFLUX_KEYS, this::influxRule);
        } else if (name.equals(AUTH_TOKENS)) {
            once(name, key);
            rules(name, value, TOKEN_KEYS, this::token);
        } else if (name.equals(REMOTE_WRITE) && value instanceof SequenceNode list) {
            once(name, key);
            receivers(list);
        } else if (Options.isSection(name)) {
            if (value instanceof MappingNode map) {
                section(name + ".", map);
            } else if (!isNull(value)) {
                throw at(value, name + " is a section; expected keys under it, found " + kind(value));
            }
        } else {
            throw at(key, "unknown key " + Settings.quote(name) + hint(name));
        }
    }

    private void once(String name, Node key) throws ConfigException {
        String before = places.putIfAbsent(name, place(key));
        if (before != null) {
            throw at(key, name + " is given twice; first at " + before);
        }
    }

    private static String hint(String name) {
        List<String> known = new ArrayList<>(List.of(AGGREGATION_RULES, INFLUX_RULES, AUTH_TOKENS, REMOTE_WRITE));
        for (String option : Options.names()) {
            known.add(option);
            known.add(option.substring(0, option.indexOf('.')));
        }
        known.remove(Options.CONFIG_FILE.name());
        String nearest = Suggestion.nearest(name, known);
        return nearest == null ? "" : "; did you mean \"" + nearest + "\"?";
    }

    private List<String> texts(Option option, Node value) throws ConfigException {
        if (!option.repeatable()) {
            return List.of(text(option.name(), value));
        }
        List<String> texts = new ArrayList<>();
        if (value instanceof SequenceNode list) {
            for (Node item : list.getValue()) {
                texts.addAll(items(option, item));
            }
        } else {
            texts.addAll(items(option, value));
        }
        return texts;
    }

    /** A scalar; headers may also be keys with values, which is what {@code - Name: value} is to YAML. */
    private List<String> items(Option option, Node item) throws ConfigException {
        List<String> texts = new ArrayList<>();
        if (option.type() == Type.HEADER && item instanceof MappingNode map) {
            for (NodeTuple tuple : map.getValue()) {
                String name = text("header name", tuple.getKeyNode());
                texts.add(name + ": " + text(name, tuple.getValueNode()));
            }
        } else {
            texts.add(text(option.name(), item));
        }
        for (String text : texts) {
            new Settings().put(option, text, origin(item));
        }
        return texts;
    }

    private String text(String name, Node value) throws ConfigException {
        if (isNull(value)) {
            throw at(value, name + ": no value (for an empty text write \"\")");
        }
        if (value instanceof ScalarNode scalar) {
            return scalar.getValue();
        }
        throw at(value, name + ": expected one value, found " + kind(value));
    }

    private interface RuleReader {
        void read(Node rule, Map<String, Node> fields) throws ConfigException;
    }

    private void rules(String name, Node value, List<String> keys, RuleReader reader) throws ConfigException {
        if (!(value instanceof SequenceNode list)) {
            throw at(value, name + ": expected a list of rules, found " + kind(value));
        }
        if (list.getValue().size() > RULES_MAX) {
            throw at(value, name + ": more than " + RULES_MAX + " rules");
        }
        for (Node rule : list.getValue()) {
            reader.read(rule, fields(name, rule, keys));
        }
    }

    private Map<String, Node> fields(String name, Node rule, List<String> keys) throws ConfigException {
        if (!(rule instanceof MappingNode map)) {
            throw at(rule, name + ": expected a rule with the keys " + String.join(", ", keys));
        }
        Map<String, Node> fields = new LinkedHashMap<>();
        for (NodeTuple tuple : map.getValue()) {
            String key = text(name, tuple.getKeyNode());
            if (!keys.contains(key)) {
                String nearest = Suggestion.nearest(key, keys);
                throw at(
                        tuple.getKeyNode(),
                        name + ": unknown key " + Settings.quote(key)
                                + (nearest == null
                                        ? "; expected " + String.join(", ", keys)
                                        : "; did you mean \"" + nearest + "\"?"));
            }
            if (fields.put(key, tuple.getValueNode()) != null) {
                throw at(tuple.getKeyNode(), name + ": " + key + " is given twice");
            }
        }
        return fields;
    }

    private void aggregationRule(Node rule, Map<String, Node> fields) throws ConfigException {
        Node match = required(AGGREGATION_RULES, rule, fields, "match");
        Node gauge = fields.get("gauge");
        Node ttl = fields.get("ttl");
        if (gauge == null && ttl == null) {
            throw at(rule, AGGREGATION_RULES + ": a rule needs gauge or ttl");
        }
        aggregationRules.add(new AggregationRules.Rule(
                pattern(AGGREGATION_RULES, match),
                gauge == null ? null : gaugePolicy(checked(Options.AGGREGATION_GAUGE, gauge)),
                ttl == null ? null : ttlMillis(checked(Options.SERIES_TTL, ttl))));
    }

    private void influxRule(Node rule, Map<String, Node> fields) throws ConfigException {
        Node as = required(INFLUX_RULES, rule, fields, "as");
        Node buckets = fields.get("buckets");
        PointRules.As kind = as(as);
        if (kind == PointRules.As.HISTOGRAM != (buckets != null)) {
            String problem = buckets == null ? "a histogram needs buckets" : "buckets are for as: histogram";
            throw at(rule, INFLUX_RULES + ": " + problem);
        }
        Node any = new ScalarNode(Tag.STR, "*", ScalarStyle.PLAIN);
        influxRules.add(new PointRules.Rule(
                pattern(INFLUX_RULES, fields.getOrDefault("measurement", any)),
                pattern(INFLUX_RULES, fields.getOrDefault("field", any)),
                kind,
                buckets == null ? null : bounds(buckets)));
    }

    private void token(Node rule, Map<String, Node> fields) throws ConfigException {
        String name = text(AUTH_TOKENS, required(AUTH_TOKENS, rule, fields, "name"));
        if (!name.matches("[!-9;-~]{1,64}")) {
            throw at(rule, AUTH_TOKENS + ": a name is 1 to 64 visible characters without ':'");
        }
        if (tokens.stream().anyMatch(token -> token.name().equals(name))) {
            throw at(rule, AUTH_TOKENS + ": the name " + Settings.quote(name) + " is given twice");
        }
        Node inline = fields.get("token");
        Node file = fields.get("token-file");
        if ((inline == null) == (file == null)) {
            throw at(rule, AUTH_TOKENS + ": " + name + ": expected one of token and token-file");
        }
        String secret;
        if (inline != null) {
            secret = text("token", inline);
        } else {
            Path path = Path.of(text("token-file", file));
            secret = YamlText.content(path).strip();
            tokenFiles.add(path);
        }
        // no message repeats it
        if (!secret.matches("[!-~]{1,1024}")) {
            throw at(rule, AUTH_TOKENS + ": " + name + ": a token is 1 to 1024 visible ASCII characters without spaces");
        }
        Digest digest = Digest.of(secret);
        if (tokens.stream().anyMatch(token -> token.digest().equals(digest))) {
            throw at(rule, AUTH_TOKENS + ": " + name + ": another name has the same token");
        }
        tokens.add(new Token(name, digest, scopes(required(AUTH_TOKENS, rule, fields, "scopes"))));
    }

    private Set<Scope> scopes(Node node) throws ConfigException {
        List<Node> items = node instanceof SequenceNode list ? list.getValue() : List.of(node);
        Set<Scope> scopes = EnumSet.noneOf(Scope.class);
        for (Node item : items) {
            String word = text("scopes", item);
            Scope scope = SCOPES.get(word);
            if (scope == null) {
                String nearest = Suggestion.nearest(word, SCOPES.keySet());
                throw at(item, "scopes: bad value " + Settings.quote(word) + "; expected any of "
                        + String.join(", ", SCOPES.keySet())
                        + (nearest == null ? "" : "; did you mean \"" + nearest + "\"?"));
            }
            scopes.add(scope);
        }
        if (scopes.isEmpty()) {
            throw at(node, "scopes: expected at least one of " + String.join(", ", SCOPES.keySet()));
        }
        return scopes;
    }

    private Node required(String name, Node rule, Map<String, Node> fields, String key) throws ConfigException {
        Node node = fields.get(key);
        if (node == null) {
            throw at(rule, name + ": a rule needs " + key);
        }
        return node;
    }

    private NamePattern pattern(String name, Node node) throws ConfigException {
        String text = text(name, node);
        if (text.isEmpty() || text.length() > Limits.DEFAULTS.nameBytes()) {
            throw at(node, name + ": expected a name, in which * stands for any run of characters");
        }
        return new NamePattern(text);
    }

    private PointRules.As as(Node node) throws ConfigException {
        String text = text("as", node);
        for (PointRules.As as : PointRules.As.values()) {
            if (as.name().toLowerCase(Locale.ROOT).equals(text)) {
                return as;
            }
        }
        throw at(node, "as: bad value " + Settings.quote(text) + "; expected one of gauge, counter, histogram");
    }

    private double[] bounds(Node node) throws ConfigException {
        if (!(node instanceof SequenceNode list) || list.getValue().isEmpty()) {
            throw at(node, "buckets: expected a list of numbers, found " + kind(node));
        }
        if (list.getValue().size() > Limits.DEFAULTS.buckets()) {
            throw at(node, "buckets: more than " + Limits.DEFAULTS.buckets() + " bounds");
        }
        double[] bounds = new double[list.getValue().size()];
        for (int i = 0; i < bounds.length; i++) {
            Node item = list.getValue().get(i);
            String text = text("buckets", item);
            bounds[i] = number(text);
            if (!Double.isFinite(bounds[i])) {
                throw at(item, "buckets: bad value " + Settings.quote(text) + "; expected a finite number");
            }
            if (i > 0 && bounds[i] <= bounds[i - 1]) {
                throw at(item, "buckets: " + text + " does not rise above the bound before it");
            }
        }
        return bounds;
    }

    private static double number(String text) {
        try {
            return text.matches("[-+]?[0-9.]+([eE][-+]?[0-9]+)?") ? Double.parseDouble(text) : Double.NaN;
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    private void receivers(SequenceNode list) throws ConfigException {
        List<String> keys = new ArrayList<>();
        for (String name : Options.names()) {
            if (name.startsWith(REMOTE_WRITE + ".")) {
                keys.add(name.substring(REMOTE_WRITE.length() + 1));
            }
        }
        for (Node item : list.getValue()) {
            Map<String, Node> fields = fields(REMOTE_WRITE, item, keys);
            Settings receiver = new Settings();
            if (required(REMOTE_WRITE, item, fields, "url") instanceof SequenceNode) {
                throw at(item, REMOTE_WRITE + ": a receiver has one url");
            }
            for (Map.Entry<String, Node> field : fields.entrySet()) {
                Option option = Options.byName(REMOTE_WRITE + "." + field.getKey());
                receiver.put(option, texts(option, field.getValue()), origin(field.getValue()));
            }
            receivers.add(receiver);
        }
    }

    private String checked(Option option, Node node) throws ConfigException {
        String text = text(option.name(), node);
        new Settings().put(option, text, origin(node));
        return text;
    }

    static GaugePolicy gaugePolicy(String text) {
        return GaugePolicy.valueOf(text.toUpperCase(Locale.ROOT));
    }

    static long ttlMillis(String text) {
        return text.equals(Options.OFF)
                ? FamilyPolicy.FOREVER
                : Settings.checked(() -> Values.duration(text)).toMillis();
    }

    private Origin origin(Node node) {
        return new Origin(Origin.Kind.FILE, place(node));
    }

    private String place(Node node) {
        return YamlText.place(file, node.getStartMark());
    }

    private ConfigException at(Node node, String message) {
        return YamlText.at(file, node.getStartMark(), message);
    }

    private static boolean isNull(Node node) {
        return node instanceof ScalarNode && node.getTag().equals(Tag.NULL);
    }

    private static String kind(Node node) {
        if (node instanceof MappingNode) {
            return "keys and values";
        }
        if (node instanceof SequenceNode) {
            return "a list";
        }
        return isNull(node) ? "nothing" : Settings.quote(((ScalarNode) node).getValue());
    }
}
