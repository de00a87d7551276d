package io.weir.server.tls;

import io.netty.util.NetUtil;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Decides about client certificates: of a known authority when that is asked for, and with one of the allowed subject
 * alternative names (DNS, e-mail, IP or URI, compared whole). Immutable, any thread.
 */
final class ClientTrust extends X509ExtendedTrustManager {
    private static final int EMAIL = 1;
    private static final int DNS = 2;
    private static final int URI = 6;
    private static final int IP = 7;

    private final X509ExtendedTrustManager authorities;
    private final List<String> allowedSans;

    /**
     * @param authorities null when any certificate will do
     * @param allowedSans null when any name will do
     */
    ClientTrust(X509ExtendedTrustManager authorities, List<String> allowedSans) {
        this.authorities = authorities;
        this.allowedSans = allowedSans;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        if (authorities != null) {
            authorities.checkClientTrusted(chain, type, engine);
        }
        checkNames(chain[0]);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        if (authorities != null) {
            authorities.checkClientTrusted(chain, type, socket);
        }
        checkNames(chain[0]);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        if (authorities != null) {
            authorities.checkClientTrusted(chain, type);
        }
        checkNames(chain[0]);
    }

    private void checkNames(X509Certificate certificate) throws CertificateException {
        if (allowedSans == null) {
            return;
        }
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        for (List<?> name : names == null ? List.<List<?>>of() : names) {
            int kind = (Integer) name.get(0);
            if (kind == EMAIL || kind == DNS || kind == URI) {
                if (allowedSans.contains((String) name.get(1))) {
                    return;
                }
            } else if (kind == IP && allowedSans.stream().anyMatch(allowed -> isSame(allowed, (String) name.get(1)))) {
                return;
            }
        }
        throw new CertificateException("the client certificate holds none of the allowed names");
    }

    /** An address has many spellings. */
    private static boolean isSame(String allowed, String address) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(allowed);
        return bytes != null && Arrays.equals(bytes, NetUtil.createByteArrayFromIpAddressString(address));
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return authorities == null ? new X509Certificate[0] : authorities.getAcceptedIssuers();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        throw new CertificateException("this is a server");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        throw new CertificateException("this is a server");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("this is a server");
    }
}
