package io.weir.server.remotewrite;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The header fields of an endpoint's requests. Password and token files are read again for each flush; that they cannot be
 * read, or hold what a header cannot, is an {@link IOException} that names the file and nothing of its content.
 *
 * <p>Source: Prometheus remote write specifications 1.0 and 2.0-rc.4, "Protocol"; RFC 7617; RFC 6750. Outputs thread only.
 */
final class RequestHeaders {
    /** Longest password or token file. */
    static final int SECRET_BYTES_MAX = 64 << 10;

    private static final int PATH_TOKEN_CHARS_MIN = 16;

    private final RemoteWriteConfig config;
    private final String userAgent;

    RequestHeaders(RemoteWriteConfig config, String userAgent) {
        this.config = config;
        this.userAgent = userAgent;
    }

    /** The fields of a request with that message, names and values in turn. */
    static List<String> with(Message message, List<String> common) {
        List<String> fields = new ArrayList<>(common.size() + 4);
        add(fields, "Content-Type", message.contentType());
        add(fields, "X-Prometheus-Remote-Write-Version", message.version());
        fields.addAll(common);
        return fields;
    }

    /**
     * The fields that all requests of a flush have in common, names and values in turn.
     *
     * @param secrets receives every text that must not be shown
     */
    List<String> read(List<String> secrets) throws IOException {
        List<String> fields = new ArrayList<>();
        add(fields, "Content-Encoding", "snappy");
        add(fields, "User-Agent", userAgent);
        for (RemoteWriteConfig.Header h : config.headers()) {
            secrets.add(h.value().reveal());
            add(fields, h.name(), h.value().reveal());
        }
        addSecretsOfUrl(secrets);

        if (config.username() != null) {
            String password = config.passwordFile() != null
                    ? readSecret(config.passwordFile())
                    : config.password().reveal();
            byte[] pair = (config.username() + ':' + password).getBytes(StandardCharsets.UTF_8);
            String encoded = Base64.getEncoder().encodeToString(pair);
            secrets.add(password);
            secrets.add(encoded);
            add(fields, "Authorization", "Basic " + encoded);
        } else if (config.bearerTokenFile() != null) {
            String token = readSecret(config.bearerTokenFile());
            if (token.isEmpty() || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
                throw new IOException("file " + config.bearerTokenFile() + " does not hold one bearer token");
            }
            secrets.add(token);
            add(fields, "Authorization", "Bearer " + token);
        }
        return fields;
    }

    /** Error pages like to repeat the path; a short step of it is a word, a long one may be a token. */
    private void addSecretsOfUrl(List<String> secrets) {
        for (String step : config.url().getRawPath().split("/")) {
            if (step.length() >= PATH_TOKEN_CHARS_MIN) {
                secrets.add(step);
            }
        }
        if (config.url().getRawQuery() != null) {
            for (String parameter : config.url().getRawQuery().split("&")) {
                secrets.add(parameter.substring(parameter.indexOf('=') + 1));
            }
        }
    }

    private static void add(List<String> fields, String name, String value) {
        fields.add(name);
        fields.add(value);
    }

    /** The file's text without line ends after it. */
    private static String readSecret(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(SECRET_BYTES_MAX + 1);
        } catch (IOException e) {
            throw new IOException("cannot read " + file + " (" + e.getClass().getSimpleName() + ")", e);
        }
        if (bytes.length > SECRET_BYTES_MAX) {
            throw new IOException("file " + file + " is longer than " + SECRET_BYTES_MAX + " bytes");
        }
        int end = bytes.length;
        while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r')) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }
}
