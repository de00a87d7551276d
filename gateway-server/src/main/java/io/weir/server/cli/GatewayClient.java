package io.weir.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.server.tls.ClientTls;
import io.weir.server.tls.TlsException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/**
 * A running gateway, as the commands talk to it. Where it is and who asks comes from flags, else from {@code WEIR_URL} and
 * {@code WEIR_TOKEN}. One thread.
 */
final class GatewayClient {
    static final String URL_DEFAULT = "http://127.0.0.1:9091";

    /** Flags of every command that talks to a gateway. */
    static final List<Command.Flag> FLAGS = List.of(
            Command.Flag.value("--url", "URL", "the gateway, with its route prefix (WEIR_URL; " + URL_DEFAULT + ")"),
            Command.Flag.value("--token-file", "FILE", "file that holds a token to show (WEIR_TOKEN holds one itself)"),
            Command.Flag.value("--user", "NAME", "show the token as the password of this user instead"),
            Command.Flag.value("--cacert", "FILE", "authorities for https instead of those of Java, as PEM"));

    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration ANSWER = Duration.ofSeconds(60);

    private final HttpClient http;
    private final String url;
    private final String authorization;

    private GatewayClient(HttpClient http, String url, String authorization) {
        this.http = http;
        this.url = url;
        this.authorization = authorization;
    }

    /** Reads flags and environment; opens no connection yet. */
    static GatewayClient of(Arguments arguments, Map<String, String> environment) throws CommandException, IOException {
        String url = arguments.value("--url").orElse(environment.getOrDefault("WEIR_URL", URL_DEFAULT));
        String bare = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
        if (!bare.matches("https?://[^/?#@\\s]+(/[^?#\\s]*)?")) {
            throw CommandException.usage("--url: expected a URL such as " + URL_DEFAULT);
        }
        Optional<String> file = arguments.value("--token-file");
        String token = file.isPresent()
                ? Files.readString(Path.of(file.get())).strip()
                : environment.getOrDefault("WEIR_TOKEN", "");
        if (!token.matches("[!-~]*")) {
            throw CommandException.usage("the token holds something other than visible ASCII characters");
        }
        String authorization = null;
        if (!token.isEmpty()) {
            authorization = arguments.has("--user")
                    ? "Basic " + Base64.getEncoder()
                            .encodeToString((arguments.value("--user").get() + ":" + token).getBytes(UTF_8))
                    : "Bearer " + token;
        }
        HttpClient.Builder http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT);
        if (arguments.has("--cacert")) {
            try {
                http.sslContext(ClientTls.trusting(Files.readString(Path.of(arguments.value("--cacert").get()))));
            } catch (TlsException e) {
                throw CommandException.usage("--cacert: " + e.getMessage());
            }
        }
        return new GatewayClient(http.build(), bare, authorization);
    }

    String url() {
        return url;
    }

    /**
     * Sends a request and takes the whole answer.
     *
     * @param headers names and values alternately
     * @throws CommandException when the answer is not 2xx, with what it says
     */
    String send(String method, String target, BodyPublisher body, String... headers)
            throws CommandException, IOException, InterruptedException {
        try (InputStream in = stream(method, target, body, headers)) {
            return new String(in.readAllBytes(), UTF_8);
        }
    }

    /** As {@link #send}, with the body of the answer as it comes. */
    InputStream stream(String method, String target, BodyPublisher body, String... headers)
            throws CommandException, IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + target))
                .timeout(ANSWER)
                .header("Accept-Encoding", "gzip")
                .method(method, body);
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        HttpResponse<InputStream> response;
        try {
            response = http.send(request.build(), BodyHandlers.ofInputStream());
        } catch (ConnectException e) {
            throw CommandException.failure("nothing answers at " + url + " (choose another with --url or WEIR_URL)");
        }
        InputStream in = response.body();
        boolean packed = response.headers().firstValue("Content-Encoding").orElse("").equals("gzip");
        InputStream plain = packed ? new GZIPInputStream(in) : in;
        if (response.statusCode() / 100 == 2) {
            return plain;
        }
        byte[] text;
        try (plain) {
            text = plain.readNBytes(4_096);
        }
        throw CommandException.failure(method + " " + url + target + ": " + response.statusCode() + " "
                + new String(text, UTF_8).strip().replaceAll("[\\p{Cntrl}&&[^\\n]]", "?") + hint(response.statusCode()));
    }

    private String hint(int status) {
        return status == 401 && authorization == null ? "\n(give a token in WEIR_TOKEN or --token-file)" : "";
    }
}
