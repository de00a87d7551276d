package io.weir.server.http;

import io.weir.server.auth.Scope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * Which door answers which path and method. An exact path goes before a prefix, a longer prefix before a shorter one.
 * Immutable once built, any thread.
 */
public final class RouteTable {
    /**
     * One door behind one place; {@code id} is dense, {@code handler} its name in own metrics, {@code scope} what a request
     * must be allowed.
     */
    record Endpoint(int id, String handler, Door door, Scope scope) {}

    /** A path, or all paths with a prefix, and what may be done there. */
    static final class Place {
        private final Endpoint[] byMethod = new Endpoint[Method.values().length];
        private final int restAt;
        private String allow;

        Place(int restAt) {
            this.restAt = restAt;
        }

        /** Null when the method is not allowed here. */
        Endpoint endpoint(Method method) {
            return byMethod[method.ordinal()];
        }

        /** Value of the {@code Allow} field. */
        String allow() {
            return allow;
        }

        /** Where the rest of the path begins; the whole length for an exact path. */
        int restAt() {
            return restAt;
        }
    }

    /** Handler name of requests that no door has seen. */
    static final String NO_HANDLER = "none";

    private final String prefix;
    private final Map<String, Place> exact;
    private final Map<String, Place> under;
    private final List<String> prefixes;
    private final List<String> handlers;
    private final String listing;

    private static final Set<Method> WRITES = EnumSet.of(Method.POST, Method.PUT, Method.PATCH, Method.DELETE);

    private RouteTable(Builder builder) {
        prefix = builder.prefix;
        exact = builder.exact;
        under = builder.under;
        handlers = List.copyOf(builder.handlers);
        prefixes = new ArrayList<>(under.keySet());
        prefixes.sort((a, b) -> Integer.compare(b.length(), a.length()));
        listing = builder.listing();
        exact.values().forEach(RouteTable::allow);
        under.values().forEach(RouteTable::allow);
    }

    /**
     * Begins a table.
     *
     * @param prefix of all paths, such as {@code /weir}, or empty; a slash at its end is dropped
     */
    public static Builder under(String prefix) {
        return new Builder(prefix);
    }

    /** The prefix of all paths, empty or {@code /like-this}. */
    public String prefix() {
        return prefix;
    }

    /** All places with their methods, one per element, such as {@code GET|HEAD|POST|PUT /metrics}. */
    public String listing() {
        return listing;
    }

    /** Names of handlers by endpoint id; id 0 is {@link #NO_HANDLER}. */
    List<String> handlers() {
        return handlers;
    }

    /** Every route with its scope, sorted, such as {@code DELETE /metrics/... delete}; for documents and tests. */
    public List<String> scopes() {
        List<String> lines = new ArrayList<>();
        exact.forEach((path, place) -> scopes(path, place, lines));
        under.forEach((path, place) -> scopes(path + "...", place, lines));
        Collections.sort(lines);
        return lines;
    }

    private static void scopes(String path, Place place, List<String> lines) {
        for (Method method : Method.values()) {
            Endpoint endpoint = place.endpoint(method);
            if (endpoint != null) {
                lines.add(method + " " + path + " " + endpoint.scope().name().toLowerCase(Locale.ROOT));
            }
        }
    }

    /** Takes the prefix off a target; null when it lies outside. */
    String inside(String target) {
        if (prefix.isEmpty()) {
            return target;
        }
        if (!target.startsWith(prefix)) {
            return null;
        }
        String rest = target.substring(prefix.length());
        return rest.isEmpty() || rest.charAt(0) == '?' ? "/" + rest : rest.charAt(0) == '/' ? rest : null;
    }

    /** Null when there is nothing at this path. */
    Place find(String path) {
        Place place = exact.get(path);
        if (place != null) {
            return place;
        }
        for (int i = 0; i < prefixes.size(); i++) {
            String p = prefixes.get(i);
            if (path.startsWith(p)) {
                return under.get(p);
            }
        }
        return null;
    }

    private static void allow(Place place) {
        StringBuilder text = new StringBuilder();
        for (Method method : Method.values()) {
            if (place.endpoint(method) != null || method == Method.OPTIONS) {
                text.append(text.length() == 0 ? "" : ", ").append(method);
            }
        }
        place.allow = text.toString();
    }

    /** Collects doors; one call registers one. */
    public static final class Builder {
        private final String prefix;
        private final Map<String, Place> exact = new HashMap<>();
        private final Map<String, Place> under = new HashMap<>();
        private final List<String> handlers = new ArrayList<>(List.of(NO_HANDLER));
        private final Map<String, Set<Method>> listed = new LinkedHashMap<>();
        private final Map<String, Scope> scopes = new HashMap<>();
        private UnaryOperator<Door> writes = UnaryOperator.identity();

        private Builder(String prefix) {
            String p = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
            if (!p.isEmpty() && p.charAt(0) != '/') {
                throw new IllegalArgumentException("a route prefix starts with '/': " + prefix);
            }
            this.prefix = p;
        }

        /**
         * Says what requests of a handler need, where {@link Scope#of} does not fit; before its door is registered.
         *
         * @param handler name in own metrics
         */
        public Builder needs(Scope scope, String handler) {
            scopes.put(handler, scope);
            return this;
        }

        /** Puts every door registered from here on behind another one, for the methods that change something. */
        public Builder writesThrough(UnaryOperator<Door> guard) {
            writes = guard;
            return this;
        }

        /** A door at exactly this path. */
        public Builder at(String path, String handler, Door door, Method... methods) {
            list(path, methods);
            return add(exact.computeIfAbsent(path, p -> new Place(p.length())), path, handler, door, methods);
        }

        /** A door at every path that begins with {@code prefix} and goes on; {@code shown} names the rest for people. */
        public Builder under(String prefix, String shown, String handler, Door door, Method... methods) {
            list(prefix + shown, methods);
            return add(under.computeIfAbsent(prefix, p -> new Place(p.length())), prefix, handler, door, methods);
        }

        public RouteTable build() {
            return new RouteTable(this);
        }

        private Builder add(Place place, String path, String handler, Door door, Method... methods) {
            int id = handlers.indexOf(handler);
            if (id < 0) {
                id = handlers.size();
                handlers.add(handler);
            }
            for (Method method : methods) {
                if (place.byMethod[method.ordinal()] != null) {
                    throw new IllegalArgumentException("two doors for " + method + " of " + handler);
                }
                Scope scope = scopes.getOrDefault(handler, Scope.of(method.name(), path));
                place.byMethod[method.ordinal()] = new Endpoint(id, handler, WRITES.contains(method) ? writes.apply(door) : door, scope);
            }
            return this;
        }

        private void list(String shown, Method... methods) {
            listed.computeIfAbsent(shown, s -> new TreeSet<>()).addAll(List.of(methods));
        }

        private String listing() {
            StringBuilder text = new StringBuilder();
            listed.forEach((path, methods) -> {
                text.append(text.length() == 0 ? "" : ", ");
                String between = "";
                for (Method method : methods) {
                    text.append(between).append(method);
                    between = "|";
                }
                text.append(' ').append(prefix).append(path);
            });
            return text.toString();
        }
    }
}
