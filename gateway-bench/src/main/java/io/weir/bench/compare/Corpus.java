package io.weir.bench.compare;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * The bodies that are sent, written to files once; the same for everybody. In a file of bodies each but the last is followed
 * by a line {@code %%}. Only the times of line protocol differ from run to run: they are ten minutes ago. One thread.
 */
final class Corpus {
    static final int LINES = 5_000;
    static final int FIELDS = 4;
    static final int MILLION = 1_000_000;
    static final int RESIDENT = 100_000;

    private static final long LINES_OLD_MILLIS = TimeUnit.HOURS.toMillis(1);
    private static final String[] METHODS = {"GET", "POST", "PUT", "DELETE", "PATCH"};
    private static final String[] REGIONS = {"eu-west-1", "us-east-1", "ap-south-1", "sa-east-1"};
    private static final String[] SERVICES =
            {"checkout", "search", "catalog", "auth", "billing", "mailer", "edge", "media"};

    private final Path directory;

    Corpus(Path directory) throws IOException {
        this.directory = Files.createDirectories(directory);
    }

    Path directory() {
        return directory;
    }

    /** One counter sample each, 256 series. */
    Path single() throws IOException {
        return bodies("single.bodies", Long.MAX_VALUE, 256, (i, out) -> out.append("# TYPE http_requests_total counter\n")
                .append(String.format(Locale.ROOT,
                        "http_requests_total{method=\"%s\",route=\"/api/v1/users/:id\",status=\"%d\",instance=\"edge-%03d\"} 1%n",
                        METHODS[i % 5], 200 + i % 4, i)));
    }

    /** 100 series each in 20 families with TYPE lines, 6,400 series. */
    Path hundred() throws IOException {
        Random random = new Random(42);
        return bodies("hundred.bodies", Long.MAX_VALUE, 64, (body, out) -> {
            for (int family = 0; family < 20; family++) {
                String name = String.format(Locale.ROOT, "app_%s_operations_%02d_total", SERVICES[family % 8], family);
                out.append("# TYPE ").append(name).append(" counter\n");
                for (int k = 0; k < 5; k++) {
                    String value = k % 2 == 1
                            ? Integer.toString(1 + random.nextInt(5_000))
                            : String.format(Locale.ROOT, "%.3f", random.nextDouble() * 100);
                    out.append(String.format(Locale.ROOT,
                            "%s{instance=\"edge-%03d\",method=\"%s\",region=\"%s\",status=\"%d\"} %s%n",
                            name, body, METHODS[k], REGIONS[body % 4], 200 + k, value));
                }
            }
        });
    }

    /** Line protocol, 5,000 lines of four tags and four fields each. */
    Path lines(String name, int bodies, int tagSets) throws IOException {
        Random random = new Random(42);
        long start = (System.currentTimeMillis() / 1_000 - 600) * 1_000_000_000L;
        return bodies(name, LINES_OLD_MILLIS, bodies, (body, out) -> {
            for (int k = 0; k < LINES; k++) {
                int n = body * LINES + k;
                int i = n % tagSets;
                out.append(String.format(Locale.ROOT, "cpu,az=%s,host=host-%06d,region=%s,service=%s usage_user=%.2f,"
                                + "usage_system=%.3f,requests=%di,latency_ms=%.4f %d%n",
                        "abc".charAt(i % 3), i, REGIONS[i % 4], SERVICES[i % 8], random.nextDouble() * 100,
                        random.nextDouble() * 10, random.nextInt(100_000), -5 * Math.log(1 - random.nextDouble()),
                        start + n * 1_000L));
            }
        });
    }

    /** One body of a million series, 1,000 to a family, with HELP and TYPE. */
    Path million() throws IOException {
        Random random = new Random(42);
        return bodies("million.txt", Long.MAX_VALUE, 1, (body, out) -> {
            for (int family = 0; family < MILLION / 1_000; family++) {
                String name = String.format(Locale.ROOT, "app_%s_operations_%04d_total", SERVICES[family % 8], family);
                out.append("# HELP ").append(name).append(" Operations by instance, method, region and status.\n# TYPE ")
                        .append(name).append(" counter\n");
                for (int k = 0; k < 1_000; k++) {
                    out.append(name).append("{instance=\"edge-").append(String.format(Locale.ROOT, "%03d", k))
                            .append("\",method=\"").append(METHODS[k % 5]).append("\",region=\"").append(REGIONS[k % 4])
                            .append("\",status=\"").append(200 + k % 7).append("\"} ")
                            .append(k % 2 == 1
                                    ? Integer.toString(1 + random.nextInt(5_000_000))
                                    : Double.toString(random.nextInt(10_000_000) / 1e3))
                            .append('\n');
                }
            }
        });
    }

    /** A few series of the million, of one family. */
    static byte[] aFewOfTheMillion() {
        StringBuilder text = new StringBuilder("# TYPE app_checkout_operations_0000_total counter\n");
        for (int k = 0; k < 10; k++) {
            text.append("app_checkout_operations_0000_total{instance=\"edge-00").append(k).append("\",method=\"")
                    .append(METHODS[k % 5]).append("\",region=\"").append(REGIONS[k % 4]).append("\",status=\"")
                    .append(200 + k % 7).append("\"} 1\n");
        }
        return text.toString().getBytes(ISO_8859_1);
    }

    /** A wide family of {@link #RESIDENT} series. */
    static byte[] resident() {
        StringBuilder text = new StringBuilder("# TYPE http_requests_total counter\n");
        for (int i = 0; i < RESIDENT; i++) {
            text.append("http_requests_total{method=\"GET\",route=\"/api/v1/users/:id\",status=\"200\",instance=\"box-")
                    .append(i).append("\"} 1\n");
        }
        return text.toString().getBytes(ISO_8859_1);
    }

    /** The bodies of such a file. */
    static List<byte[]> read(Path file) throws IOException {
        List<byte[]> bodies = new ArrayList<>();
        for (String body : Files.readString(file, ISO_8859_1).split("(?<=\n)%%\n")) {
            bodies.add(body.getBytes(ISO_8859_1));
        }
        return bodies;
    }

    private interface Body {
        void write(int number, StringBuilder out);
    }

    private Path bodies(String name, long oldMillis, int count, Body body) throws IOException {
        Path file = directory.resolve(name);
        if (Files.exists(file)
                && System.currentTimeMillis() - Files.getLastModifiedTime(file).toMillis() < oldMillis) {
            return file;
        }
        Path half = directory.resolve(name + ".half");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(half), 1 << 20)) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < count; i++) {
                text.setLength(0);
                body.write(i, text);
                out.write(text.toString().replace("\r", "").getBytes(ISO_8859_1));
                if (i < count - 1) {
                    out.write("%%\n".getBytes(ISO_8859_1));
                }
            }
        }
        return Files.move(half, file, StandardCopyOption.REPLACE_EXISTING);
    }
}
