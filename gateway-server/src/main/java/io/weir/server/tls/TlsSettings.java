package io.weir.server.tls;

import java.util.List;

/**
 * {@code tls_server_config} of a web configuration, with the contents of its files. Immutable, any thread.
 *
 * @param certificate chain as PEM, the server's own first
 * @param key as PEM; a secret
 * @param clientCa authorities of client certificates as PEM; null for those of the JDK
 * @param clientAuth what is asked of clients
 * @param clientAllowedSans names of which a client certificate must hold one; null for any
 * @param cipherSuites by their IANA names, in the order of preference; empty for those of the JDK; those of TLS 1.3 are
 *     always on
 * @param curves for the key exchange, as {@code X25519} or {@code CurveP256}; empty for those of the JDK
 * @param minVersion {@code TLS10} to {@code TLS13}
 * @param maxVersion likewise
 * @param preferServerCiphers whether the order of the server's suites decides
 */
public record TlsSettings(
        String certificate,
        String key,
        String clientCa,
        ClientCertificate clientAuth,
        List<String> clientAllowedSans,
        List<String> cipherSuites,
        List<String> curves,
        String minVersion,
        String maxVersion,
        boolean preferServerCiphers) {
    /** What is asked of clients, by the words of Go's {@code crypto/tls}. */
    public enum ClientCertificate {
        NONE,
        /** Asked for, anything or nothing will do. */
        REQUEST,
        /** There must be one, any will do. */
        REQUIRE_ANY,
        /** There may be none; one that comes must be of a known authority. */
        VERIFY_IF_GIVEN,
        REQUIRE_AND_VERIFY;

        boolean verifies() {
            return this == VERIFY_IF_GIVEN || this == REQUIRE_AND_VERIFY;
        }

        boolean requires() {
            return this == REQUIRE_ANY || this == REQUIRE_AND_VERIFY;
        }
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "TlsSettings[clientAuth=" + clientAuth + ", minVersion=" + minVersion + "]";
    }
}
