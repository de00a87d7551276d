package io.weir.server.http;

import io.netty.util.NetUtil;
import java.util.List;
import java.util.Locale;

/**
 * The hosts that requests may be for: names, addresses, everything below a name, each at one port or at any. Against pages
 * that have rebound their own name to the gateway's address, which a browser then takes for their own origin. Compared as
 * RFC 3986 6.2.2 and RFC 4291 2.2 have it: case, a last dot and the form of an IPv6 address do not matter. Immutable, any
 * thread.
 */
public final class AllowedHosts {
    /** Nobody has said which: no request is looked at. */
    public static final AllowedHosts EVERY = new AllowedHosts(List.of());

    private static final String BELOW = "*.";
    private static final int NAME_MAX = 253;
    private static final int IPV6_BYTES = 16;
    private static final int ANY_PORT = -1;
    private static final int PORT_MAX = 65_535;
    private static final int HTTP = 80;
    private static final int HTTPS = 443;

    /**
     * @param name in its normal form; behind a dot when names below it are meant
     * @param port or {@link #ANY_PORT}
     */
    private record Host(String name, int port) {
        boolean is(String asked, int askedPort) {
            boolean named = name.charAt(0) == '.'
                    ? asked.length() > name.length() && asked.endsWith(name)
                    : asked.equals(name);
            // without a port it is the scheme's, and only the proxy in front of us may know the scheme
            return named
                    && (port == ANY_PORT || port == askedPort || askedPort == ANY_PORT && (port == HTTP || port == HTTPS));
        }
    }

    private final List<Host> hosts;

    private AllowedHosts(List<Host> hosts) {
        this.hosts = hosts;
    }

    /**
     * Reads {@code name}, {@code *.name}, {@code 127.0.0.1} or {@code [::1]}, each with or without {@code :port}. An empty
     * list allows every host.
     *
     * @throws IllegalArgumentException when one is nothing of the kind
     */
    public static AllowedHosts of(List<String> texts) {
        return texts.isEmpty() ? EVERY : new AllowedHosts(texts.stream().map(AllowedHosts::host).toList());
    }

    private static Host host(String text) {
        boolean below = text.startsWith(BELOW);
        String host = below ? text.substring(BELOW.length()) : text;
        if (!HeadRules.isHost(host)) {
            throw new IllegalArgumentException("not a host");
        }
        int end = endOfName(host);
        boolean bracketed = host.startsWith("[");
        String name = normal(host.substring(0, end));
        boolean good = bracketed ? !below && ipv6(host.substring(0, end)) != null : isName(name);
        int port = port(host, end);
        if (!good || port == 0 || port > PORT_MAX || host.endsWith(":")) {
            throw new IllegalArgumentException("not a host");
        }
        return new Host(below ? "." + name : name, port);
    }

    private static boolean isName(String name) {
        return !name.isEmpty()
                && name.length() <= NAME_MAX
                && !name.startsWith(".")
                && !name.endsWith(".")
                && !name.contains("..")
                && name.chars().allMatch(c -> c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || "-._".indexOf(c) >= 0);
    }

    boolean isEvery() {
        return hosts.isEmpty();
    }

    /**
     * Whether a request for it may be served.
     *
     * @param asked what {@link HeadRules#isHost} accepts, or null when the request has none
     */
    boolean contains(CharSequence asked) {
        if (asked == null) {
            return false;
        }
        String host = asked.toString();
        int end = endOfName(host);
        String name = normal(host.substring(0, end));
        int port = port(host, end);
        for (Host allowed : hosts) {
            if (allowed.is(name, port)) {
                return true;
            }
        }
        return false;
    }

    private static int endOfName(String host) {
        int colon = host.indexOf(':', host.indexOf(']') + 1);
        return colon < 0 ? host.length() : colon;
    }

    private static int port(String host, int end) {
        return end + 1 >= host.length() ? ANY_PORT : Integer.parseInt(host.substring(end + 1));
    }

    private static String normal(String name) {
        if (name.startsWith("[")) {
            String address = ipv6(name);
            return address == null ? name : address;
        }
        return (name.endsWith(".") ? name.substring(0, name.length() - 1) : name).toLowerCase(Locale.ROOT);
    }

    /** The normal form of an address in brackets, null when it is none. */
    private static String ipv6(String bracketed) {
        byte[] address = NetUtil.createByteArrayFromIpAddressString(bracketed.substring(1, bracketed.length() - 1));
        return address == null || address.length != IPV6_BYTES ? null : NetUtil.bytesToIpAddress(address);
    }
}
