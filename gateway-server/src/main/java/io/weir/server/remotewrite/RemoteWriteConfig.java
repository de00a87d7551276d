package io.weir.server.remotewrite;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * One remote_write receiver. Immutable, any thread.
 *
 * @param interval between two flushes
 * @param username of basic authentication; null for none
 * @param password of basic authentication; null when it is in a file or there is none
 * @param passwordFile read before each flush; null for none
 * @param bearerTokenFile read before each flush; null for none; never together with {@code username}
 * @param headers sent along with each request, in this order
 */
public record RemoteWriteConfig(
        URI url,
        Duration interval,
        String username,
        Secret password,
        Path passwordFile,
        Path bearerTokenFile,
        List<Header> headers) {
    public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(15);

    /** A header field; the value may be a credential, so it is not printed. */
    public record Header(String name, String value) {
        @Override
        public String toString() {
            return name + ": (secret)";
        }
    }
}
