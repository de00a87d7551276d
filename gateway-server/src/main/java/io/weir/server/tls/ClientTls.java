package io.weir.server.tls;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** TLS of a client of this program. Stateless, any thread. */
public final class ClientTls {
    private ClientTls() {}

    /**
     * Trusts servers of these authorities alone.
     *
     * @param pem their certificates
     */
    public static SSLContext trusting(String pem) throws TlsException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {Tls.authorities(pem)}, new SecureRandom());
            return context;
        } catch (GeneralSecurityException e) {
            throw new TlsException(e.getMessage());
        }
    }
}
