package io.weir.server.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS as it was asked for, ready for connections. Immutable, any thread. What the JDK does not have (old versions, single
 * cipher suites, curves per server before Java 20) is left out with a line in the log, unless nothing would be left.
 */
public final class Tls {
    private static final Logger LOG = LoggerFactory.getLogger(Tls.class);

    /** First byte to last of the handshake. */
    private static final long HANDSHAKE_SECONDS = 10;

    private static final List<String> VERSIONS = List.of("TLS10", "TLS11", "TLS12", "TLS13");
    private static final List<String> PROTOCOLS = List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");
    private static final Map<String, String> CURVES =
            Map.of("CurveP256", "secp256r1", "CurveP384", "secp384r1", "CurveP521", "secp521r1", "X25519", "x25519");

    /** What Go's {@code crypto/tls} knows, and with it the reference. */
    private static final Set<String> SUITES = Set.of(
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_RSA_WITH_AES_256_CBC_SHA",
            "TLS_RSA_WITH_AES_256_GCM_SHA384");

    private final SslContext context;
    private final boolean preferServerCiphers;
    private final String[] groups;

    private final boolean knowsClients;

    private Tls(SslContext context, boolean knowsClients, boolean preferServerCiphers, String[] groups) {
        this.context = context;
        this.knowsClients = knowsClients;
        this.preferServerCiphers = preferServerCiphers;
        this.groups = groups;
    }

    /** Whether there is a version of this name, such as {@code TLS12}. */
    public static boolean isVersion(String name) {
        return VERSIONS.contains(name);
    }

    public static boolean isCipherSuite(String name) {
        return SUITES.contains(name);
    }

    public static boolean isCurve(String name) {
        return CURVES.containsKey(name);
    }

    /** Reads keys and certificates and tries everything that can be tried without a client. */
    public static Tls of(TlsSettings settings) throws TlsException {
        List<X509Certificate> chain = Pem.certificates(settings.certificate());
        if (chain.isEmpty()) {
            throw new TlsException("no certificate was found");
        }
        PrivateKey key = Pem.privateKey(settings.key());
        checkPair(chain.get(0), key);
        TlsSettings.ClientCertificate clientAuth = settings.clientAuth();
        if (settings.clientCa() != null && clientAuth == TlsSettings.ClientCertificate.NONE) {
            throw new TlsException("a client CA needs a client_auth_type");
        }
        if (settings.clientAllowedSans() != null && !clientAuth.requires()) {
            throw new TlsException(
                    "client_allowed_sans needs a client_auth_type of RequireAnyClientCert or RequireAndVerifyClientCert");
        }
        try {
            SslContextBuilder builder = SslContextBuilder.forServer(key, chain.toArray(new X509Certificate[0]))
                    .sslProvider(SslProvider.JDK)
                    .protocols(protocols(settings))
                    .ciphers(ciphers(settings.cipherSuites()))
                    .clientAuth(
                            clientAuth == TlsSettings.ClientCertificate.NONE
                                    ? ClientAuth.NONE
                                    : clientAuth.requires() ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL);
            if (clientAuth != TlsSettings.ClientCertificate.NONE) {
                X509ExtendedTrustManager authorities = authorities(settings.clientCa());
                TrustManager trust =
                        new ClientTrust(clientAuth.verifies() ? authorities : null, settings.clientAllowedSans());
                builder.trustManager(trust);
            }
            boolean knowsClients = clientAuth == TlsSettings.ClientCertificate.REQUIRE_AND_VERIFY;
            return new Tls(builder.build(), knowsClients, settings.preferServerCiphers(), groups(settings.curves()));
        } catch (SSLException | GeneralSecurityException | IllegalArgumentException e) {
            throw new TlsException(e.getMessage());
        }
    }

    /** Begins TLS on one connection. */
    public SslHandler newHandler(ByteBufAllocator allocator) {
        SslHandler handler = context.newHandler(allocator);
        SSLParameters parameters = handler.engine().getSSLParameters();
        parameters.setUseCipherSuitesOrder(preferServerCiphers);
        if (groups != null) {
            setGroups(parameters, groups);
        }
        handler.engine().setSSLParameters(parameters);
        handler.setHandshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS);
        return handler;
    }

    /** Whether only clients of a known authority get in. */
    public boolean knowsClients() {
        return knowsClients;
    }

    SslContext context() {
        return context;
    }

    private static void checkPair(X509Certificate certificate, PrivateKey key) throws TlsException {
        PublicKey known = certificate.getPublicKey();
        String algorithm = switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> key.getAlgorithm();
        };
        try {
            byte[] text = "whose key is it".getBytes(US_ASCII);
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(text);
            byte[] signed = signature.sign();
            signature.initVerify(known);
            signature.update(text);
            if (signature.verify(signed)) {
                return;
            }
        } catch (GeneralSecurityException another) {
            LOG.debug("key and certificate are of different kinds", another);
        }
        throw new TlsException("the private key is not the one of the certificate");
    }

    private static String[] protocols(TlsSettings settings) throws TlsException, GeneralSecurityException {
        int min = VERSIONS.indexOf(settings.minVersion());
        int max = VERSIONS.indexOf(settings.maxVersion());
        if (min > max) {
            throw new TlsException("min_version is above max_version");
        }
        Set<String> enabled =
                Set.of(SSLContext.getDefault().createSSLEngine().getEnabledProtocols());
        List<String> protocols = new ArrayList<>();
        for (String protocol : PROTOCOLS.subList(min, max + 1)) {
            if (enabled.contains(protocol)) {
                protocols.add(protocol);
            } else {
                LOG.warn("{} is switched off in this Java (jdk.tls.disabledAlgorithms) and stays so", protocol);
            }
        }
        if (protocols.isEmpty()) {
            throw new TlsException("this Java allows no version of TLS up to max_version " + settings.maxVersion());
        }
        return protocols.toArray(String[]::new);
    }

    /** Null for those of the JDK. */
    private static List<String> ciphers(List<String> wanted) throws TlsException, GeneralSecurityException {
        if (wanted.isEmpty()) {
            return null;
        }
        Set<String> supported =
                Set.of(SSLContext.getDefault().createSSLEngine().getSupportedCipherSuites());
        Set<String> ciphers = new LinkedHashSet<>();
        for (String suite : wanted) {
            if (supported.contains(suite)) {
                ciphers.add(suite);
            } else {
                LOG.warn("cipher suite {} is not there in this Java", suite);
            }
        }
        if (ciphers.isEmpty()) {
            throw new TlsException("this Java has none of the cipher_suites");
        }
        // no configuration takes them away, as in the reference
        ciphers.add("TLS_AES_128_GCM_SHA256");
        ciphers.add("TLS_AES_256_GCM_SHA384");
        ciphers.add("TLS_CHACHA20_POLY1305_SHA256");
        return List.copyOf(ciphers);
    }

    static X509ExtendedTrustManager authorities(String pem) throws TlsException, GeneralSecurityException {
        KeyStore store = null;
        if (pem != null) {
            List<X509Certificate> certificates = Pem.certificates(pem);
            if (certificates.isEmpty()) {
                throw new TlsException("no certificate of an authority was found");
            }
            store = KeyStore.getInstance(KeyStore.getDefaultType());
            try {
                store.load(null, null);
            } catch (IOException e) {
                throw new AssertionError("an empty key store", e);
            }
            for (int i = 0; i < certificates.size(); i++) {
                store.setCertificateEntry("ca-" + i, certificates.get(i));
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager extended) {
                return extended;
            }
        }
        throw new AssertionError("every Java has a trust manager for X.509");
    }

    /** Names of the JDK; null for its own choice. */
    private static String[] groups(List<String> curves) {
        if (curves.isEmpty()) {
            return null;
        }
        String[] groups = curves.stream().map(CURVES::get).toArray(String[]::new);
        if (!setGroups(new SSLParameters(), groups)) {
            LOG.warn("curve_preferences has no effect before Java 20; -Djdk.tls.namedGroups={} does the same for the"
                    + " whole process", String.join(",", groups));
            return null;
        }
        return groups;
    }

    /** {@code SSLParameters.setNamedGroups}, which came with Java 20. */
    private static boolean setGroups(SSLParameters parameters, String[] groups) {
        try {
            Method method = SSLParameters.class.getMethod("setNamedGroups", String[].class);
            method.invoke(parameters, (Object) groups);
            return true;
        } catch (NoSuchMethodException older) {
            return false;
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new AssertionError("a public method of the JDK", e);
        }
    }
}
