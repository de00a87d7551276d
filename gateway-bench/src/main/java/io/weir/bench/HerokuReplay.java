package io.weir.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSocketFactory;

/**
 * Sends captured log lines to a drain as Logplex does: frames in batches of 100 KiB, one request in flight, the same frame id
 * for each attempt at a batch, two retries after 429, 5xx or silence, none after another 4xx. A program of its own without
 * dependencies: {@code java HerokuReplay.java FILE URL}.
 *
 * <p>A line of the file is a syslog message ({@code <158>1 TIME HOST APP PROCESS - TEXT}, with or without a length in front),
 * or what {@code heroku logs} prints ({@code TIME heroku[router]: TEXT}).
 */
public final class HerokuReplay {
    private static final String USAGE =
            """
            usage: scripts/heroku-replay FILE URL [--token TOKEN] [--run NAME] [--times N] [--twice N]
              FILE   log lines: syslog messages as a drain gets them, or what "heroku logs" prints
              URL    http[s]://[drain:PASSWORD@]host[:port]/drain[?app_name=NAME]
              --token TOKEN   the drain's token; a random one else
              --run NAME      frame ids are made of it: the same run again changes nothing; random else
              --times N       the file N times
              --twice N       each Nth batch once more after its answer, as if the answer had been lost""";
    private static final int BATCH_BYTES = 102_400;
    private static final int RETRIES = 2;
    /** Dropped batches of which the reason is printed. */
    private static final int REPORTED = 10;
    private static final int TIMEOUT_MILLIS = 5_000;
    private static final Pattern LENGTH = Pattern.compile("^\\d+ (?=<\\d{1,3}>1 )");
    private static final Pattern SYSLOG = Pattern.compile("^<\\d{1,3}>1 .*", Pattern.DOTALL);
    private static final Pattern PRINTED = Pattern.compile("^(\\S+) ([a-z]+)\\[([^\\]]+)\\]: (.*)$", Pattern.DOTALL);

    /** Frames, and how many. */
    private record Batch(byte[] body, int messages) {}

    private final URI url;
    private final String token;
    private final String run;
    private Socket socket;
    private InputStream in;
    private long retried;
    private long dropped;

    private HerokuReplay(URI url, String token, String run) {
        this.url = url;
        this.token = token;
        this.run = run;
    }

    /** Ends with 1 when a batch was dropped, with 2 for bad arguments. */
    public static void main(String[] arguments) throws Exception {
        String token = "d." + UUID.randomUUID();
        String run = UUID.randomUUID().toString();
        int times = 1;
        int twice = 0;
        List<String> plain = new ArrayList<>();
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--token" -> token = value(arguments, ++i);
                case "--run" -> run = value(arguments, ++i);
                case "--times" -> times = Integer.parseInt(value(arguments, ++i));
                case "--twice" -> twice = Integer.parseInt(value(arguments, ++i));
                default -> plain.add(arguments[i]);
            }
        }
        if (plain.size() != 2) {
            end();
        }
        HerokuReplay replay = new HerokuReplay(URI.create(plain.get(1)), token, run);
        System.exit(replay.send(batches(Path.of(plain.get(0))), times, twice) ? 0 : 1);
    }

    private static String value(String[] arguments, int i) {
        if (i >= arguments.length) {
            end();
        }
        return arguments[i];
    }

    private static void end() {
        System.err.println(USAGE);
        System.exit(2);
    }

    private boolean send(List<Batch> batches, int times, int twice) {
        long messages = 0;
        long number = 0;
        long start = System.nanoTime();
        for (int time = 0; time < times; time++) {
            for (Batch batch : batches) {
                number++;
                String id = md5(run + " " + number);
                deliver(batch, id);
                if (twice > 0 && number % twice == 0) {
                    deliver(batch, id);
                }
                messages += batch.messages;
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "%d messages in %d batches, %d retries, %d batches dropped; %.1f s, %.0f messages/s; run %s%n",
                messages, number, retried, dropped, seconds, messages / seconds, run);
        return dropped == 0;
    }

    private void deliver(Batch batch, String id) {
        for (int attempt = 0; ; attempt++) {
            String why;
            try {
                int status = post(batch, id);
                if (status / 100 == 2) {
                    return;
                }
                why = "status " + status;
                if (status / 100 == 4 && status != 429) {
                    attempt = RETRIES;
                }
            } catch (IOException e) {
                close();
                why = e.toString();
            }
            if (attempt >= RETRIES) {
                if (++dropped <= REPORTED) {
                    System.err.println("batch " + id + " dropped: " + why);
                }
                return;
            }
            retried++;
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10L << attempt));
        }
    }

    private int post(Batch batch, String id) throws IOException {
        if (socket == null) {
            boolean tls = url.getScheme().equals("https");
            int port = url.getPort() > 0 ? url.getPort() : tls ? 443 : 80;
            socket = tls ? SSLSocketFactory.getDefault().createSocket(url.getHost(), port) : new Socket(url.getHost(), port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            in = new BufferedInputStream(socket.getInputStream());
        }
        String user = url.getUserInfo();
        String query = url.getRawQuery();
        String head = "POST " + url.getRawPath() + (query == null ? "" : "?" + query) + " HTTP/1.1\r\nHost: " + url.getAuthority()
                .replaceFirst(".*@", "")
                + (user == null ? "" : "\r\nAuthorization: Basic " + Base64.getEncoder().encodeToString(user.getBytes(UTF_8)))
                + "\r\nUser-Agent: Logplex/v73\r\nContent-Type: application/logplex-1\r\nLogplex-Msg-Count: " + batch.messages
                + "\r\nLogplex-Frame-Id: " + id + "\r\nLogplex-Drain-Token: " + token
                + "\r\nContent-Length: " + batch.body.length + "\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(ISO_8859_1));
        socket.getOutputStream().write(batch.body);

        String status = line();
        int length = 0;
        boolean close = false;
        for (String field = line(); !field.isEmpty(); field = line()) {
            String lower = field.toLowerCase();
            if (lower.startsWith("content-length:")) {
                length = Integer.parseInt(field.substring(15).trim());
            }
            close |= lower.equals("connection: close");
        }
        in.readNBytes(length);
        if (close) {
            close();
        }
        return Integer.parseInt(status.split(" ")[1]);
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b; (b = in.read()) != '\n'; ) {
            if (b < 0) {
                throw new IOException("closed without an answer");
            }
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }

    private void close() {
        if (socket != null) {
            try {
                socket.close();
            } catch (IOException e) {
                System.err.println(e);
            }
            socket = null;
        }
    }

    private static List<Batch> batches(Path file) throws IOException {
        List<Batch> batches = new ArrayList<>();
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        int messages = 0;
        int skipped = 0;
        for (String line : Files.readAllLines(file, ISO_8859_1)) {
            String message = message(line);
            if (message == null) {
                skipped += line.isBlank() ? 0 : 1;
                continue;
            }
            byte[] bytes = (message + "\n").getBytes(ISO_8859_1);
            body.writeBytes((bytes.length + " ").getBytes(ISO_8859_1));
            body.writeBytes(bytes);
            messages++;
            if (body.size() >= BATCH_BYTES) {
                batches.add(new Batch(body.toByteArray(), messages));
                body.reset();
                messages = 0;
            }
        }
        if (messages > 0) {
            batches.add(new Batch(body.toByteArray(), messages));
        }
        if (skipped > 0) {
            System.err.println(skipped + " lines are no log lines");
        }
        return batches;
    }

    /** A line as a syslog message; null when it is none. */
    private static String message(String line) {
        String plain = LENGTH.matcher(line).replaceFirst("");
        if (SYSLOG.matcher(plain).matches()) {
            return plain;
        }
        Matcher printed = PRINTED.matcher(line);
        return printed.matches()
                ? "<158>1 " + printed.group(1) + " host " + printed.group(2) + " " + printed.group(3) + " - " + printed.group(4)
                : null;
    }

    private static String md5(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("MD5").digest(text.getBytes(UTF_8));
            return HexFormat.of().withUpperCase().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
