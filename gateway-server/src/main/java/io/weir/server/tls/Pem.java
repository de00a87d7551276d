package io.weir.server.tls;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Certificates and keys from PEM text (RFC 7468); what stands around the blocks is passed over. Keys come as PKCS #8, and
 * in the older forms of RSA (RFC 8017 A.1.2) and EC (RFC 5915), which the JDK does not read: they are put into a PKCS #8
 * envelope. Stateless, any thread.
 */
final class Pem {
    private record Block(String label, byte[] content) {}

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

    private static final String[] ALGORITHMS = {"RSA", "EC", "EdDSA"};
    private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};
    /** {rsaEncryption, NULL} */
    private static final byte[] RSA = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00
    };
    private static final byte[] EC_PUBLIC_KEY = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01};

    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;
    /** [0], which holds the curve. */
    private static final int PARAMETERS = 0xa0;

    private Pem() {}

    /** All certificates, in their order; empty when there is none. */
    static List<X509Certificate> certificates(String text) throws TlsException {
        List<X509Certificate> certificates = new ArrayList<>();
        for (Block block : blocks(text)) {
            if (block.label.equals("CERTIFICATE")) {
                try {
                    certificates.add((X509Certificate) CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(block.content)));
                } catch (CertificateException e) {
                    throw new TlsException("a certificate cannot be read: " + e.getMessage());
                }
            }
        }
        return certificates;
    }

    /** The first private key. */
    static PrivateKey privateKey(String text) throws TlsException {
        for (Block block : blocks(text)) {
            if (block.label.equals("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")) {
                throw new TlsException("the private key is encrypted, which is not supported");
            }
            if (block.label.equals("PRIVATE KEY")) {
                return privateKey(block.content);
            }
            if (block.label.equals("RSA PRIVATE KEY")) {
                return privateKey(envelope(RSA, block.content));
            }
            if (block.label.equals("EC PRIVATE KEY")) {
                byte[] algorithm = element(SEQUENCE, EC_PUBLIC_KEY, curve(block.content));
                return privateKey(envelope(algorithm, block.content));
            }
        }
        throw new TlsException("no private key was found");
    }

    private static PrivateKey privateKey(byte[] pkcs8) throws TlsException {
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (InvalidKeySpecException another) {
                continue;
            } catch (GeneralSecurityException e) {
                throw new TlsException("the private key cannot be read: this Java has no " + algorithm);
            }
        }
        throw new TlsException("the private key cannot be read: it is neither RSA nor EC nor Ed25519, or damaged");
    }

    private static List<Block> blocks(String text) throws TlsException {
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(text);
        while (matcher.find()) {
            // header lines of old keys end with an empty line
            String body = matcher.group(2).replaceFirst("(?s)^\\s*(?:[A-Za-z-]+: .*?\\n\\s*\\n)", "");
            try {
                blocks.add(new Block(matcher.group(1), Base64.getMimeDecoder().decode(body)));
            } catch (IllegalArgumentException e) {
                throw new TlsException("a PEM block of " + matcher.group(1) + " is damaged");
            }
        }
        return blocks;
    }

    private static byte[] envelope(byte[] algorithm, byte[] key) {
        return element(SEQUENCE, VERSION_0, algorithm, element(OCTET_STRING, key));
    }

    /** The content of {@code [0]} of an ECPrivateKey: version, key, [0] curve, [1] public key. */
    private static byte[] curve(byte[] key) throws TlsException {
        try {
            int at = header(key, 0);
            while (at < key.length) {
                int content = header(key, at);
                int length = length(key, at);
                if ((key[at] & 0xff) == PARAMETERS) {
                    byte[] curve = new byte[length];
                    System.arraycopy(key, content, curve, 0, length);
                    return curve;
                }
                at = content + length;
            }
        } catch (IndexOutOfBoundsException | NegativeArraySizeException damaged) {
            throw new TlsException("the EC private key is damaged");
        }
        throw new TlsException("the EC private key does not name its curve");
    }

    /** Where the content of the DER element at this place begins. */
    private static int header(byte[] der, int at) {
        int first = der[at + 1] & 0xff;
        return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
    }

    private static int length(byte[] der, int at) {
        int first = der[at + 1] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int length = 0;
        for (int i = 0; i < (first & 0x7f); i++) {
            length = length << 8 | der[at + 2 + i] & 0xff;
        }
        return length;
    }

    private static byte[] element(int tag, byte[]... parts) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        int length = content.size();
        ByteArrayOutputStream element = new ByteArrayOutputStream();
        element.write(tag);
        if (length < 0x80) {
            element.write(length);
        } else if (length < 0x100) {
            element.write(0x81);
            element.write(length);
        } else {
            element.write(0x82);
            element.write(length >> 8);
            element.write(length);
        }
        element.writeBytes(content.toByteArray());
        return element.toByteArray();
    }
}
