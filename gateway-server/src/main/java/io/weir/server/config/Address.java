package io.weir.server.config;

import java.net.InetSocketAddress;

/**
 * Where to listen. Immutable, any thread.
 *
 * @param host name or literal address without brackets; empty for every address of the machine
 * @param port 0 to 65535; 0 lets the system choose
 */
public record Address(String host, int port) {
    private static final int PORT_MAX = 65_535;

    static Address parse(String text) throws BadValue {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            throw expected();
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]") && host.length() > 2) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0 || host.indexOf('[') >= 0 || host.indexOf(']') >= 0) {
            throw expected();
        }
        if (host.chars().anyMatch(c -> c <= ' ' || c == '/' || c == '@' || c > '~')) {
            throw expected();
        }
        return new Address(host, Values.integer(text.substring(colon + 1), 0, PORT_MAX));
    }

    /** For a socket; the name is looked up here, and stays unresolved when it is unknown. */
    public InetSocketAddress toSocketAddress() {
        return host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port);
    }

    private static BadValue expected() {
        return new BadValue("an address such as 127.0.0.1:9091, :9091 or [::1]:9091");
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
