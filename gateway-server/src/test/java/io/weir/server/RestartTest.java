package io.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.journal.JournalConfig;
import io.weir.server.config.CommandLine;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigLoader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pushes, deletions and times to live over sockets and at once, through restarts: every answer tells a value that adds up. */
@Timeout(120)
class RestartTest {
    private static final int WORKERS = 4;
    private static final int ROUNDS = 3;
    private static final int STEPS = 150;
    private static final long TTL_NANOS = 1_000_000_000L;

    @TempDir
    private Path directory;

    /** One client with series of its own: it knows what each of its answers has to say. */
    private static final class Worker {
        final HttpClient client = HttpClient.newHttpClient();
        final Random random;
        final String label;
        long kept;
        long deleted;
        long brief;
        long briefNanos = System.nanoTime();
        int expired;
        int deletions;

        Worker(int number) {
            random = new Random(number);
            label = "?w=" + number;
        }

        void work(String url) throws Exception {
            for (int i = 0; i < STEPS; i++) {
                int amount = 1 + random.nextInt(9);
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> {
                        kept += amount;
                        assertThat(patch(url, "kept_total", amount)).isEqualTo(kept);
                    }
                    case 3, 4 -> {
                        deleted += amount;
                        assertThat(patch(url, "deleted_total", amount)).isEqualTo(deleted);
                    }
                    case 5 -> {
                        assertThat(send(url, "DELETE", "/metrics/deleted_total" + label, ""))
                                .isEqualTo("deleted " + (deleted > 0 ? 1 : 0) + " series\n");
                        deleted = 0;
                        deletions++;
                    }
                    default -> brief(url, amount);
                }
                if (random.nextInt(STEPS) == 0) {
                    LockSupport.parkNanos(2 * TTL_NANOS);
                }
            }
        }

        /** A series that lives for a second after each push: it goes on, or it has ended in time and begins anew. */
        void brief(String url, int amount) throws Exception {
            long before = briefNanos;
            long value = patch(url, "brief_total", amount);
            briefNanos = System.nanoTime();
            if (value != brief + amount) {
                assertThat(value).isEqualTo(amount);
                assertThat(briefNanos - before).as("time since the last push").isGreaterThan(TTL_NANOS);
                expired++;
            }
            brief = value;
        }

        private long patch(String url, String name, int amount) throws Exception {
            String answer = send(url, "PATCH", "/metrics/" + name + label, Integer.toString(amount));
            assertThat(answer).startsWith("{\"value\":");
            return Long.parseLong(answer.substring(9, answer.length() - 1));
        }

        private String send(String url, String method, String target, String body) throws Exception {
            return client.send(
                            HttpRequest.newBuilder(URI.create(url + target))
                                    .header("Accept", method.equals("PATCH") ? "application/json" : "*/*")
                                    .method(method, BodyPublishers.ofString(body))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void shouldConserveEveryPushThroughDeletionsExpiryAndRestarts() throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"), "aggregation.rules: [{match: brief_total, ttl: 1s}]\n");
        Config given = ConfigLoader.load(
                CommandLine.parse(List.of(
                        "--web.listen-address=127.0.0.1:0", "--storage.path=" + directory.resolve("data"),
                        "--config.file=" + file)),
                Map.of());
        // small, so that checkpoints fall among all of it
        JournalConfig journal =
                new JournalConfig(JournalConfig.Sync.INTERVAL, 50, 2 << 10, 64 << 10, 4 << 10, 1000, 600_000, 1000);
        Config config = new Config(given.web(), given.storagePath(), journal, given.limits(), given.aggregation(),
                given.push(), given.influx(), given.heroku(), given.remoteWrite(), given.auth(), given.log(),
                given.notes());
        List<Worker> workers = new ArrayList<>();
        for (int i = 0; i < WORKERS; i++) {
            workers.add(new Worker(i));
        }
        ExecutorService threads = Executors.newFixedThreadPool(WORKERS);
        try {
            for (int round = 0; round < ROUNDS; round++) {
                try (Weir weir = Weir.start(config, () -> config)) {
                    weir.awaitRecovery();
                    String url = "http://127.0.0.1:" + weir.addresses().get(0).getPort();
                    run(threads, workers, url);
                }
            }
            try (Weir weir = Weir.start(config, () -> config)) {
                weir.awaitRecovery();
                String url = "http://127.0.0.1:" + weir.addresses().get(0).getPort();
                String text = workers.get(0).send(url, "GET", "/metrics", "");
                for (int i = 0; i < WORKERS; i++) {
                    Worker worker = workers.get(i);
                    assertThat(text).contains("kept_total{w=\"" + i + "\"} " + worker.kept + "\n");
                    if (worker.deleted > 0) {
                        assertThat(text).contains("deleted_total{w=\"" + i + "\"} " + worker.deleted + "\n");
                    } else {
                        assertThat(text).doesNotContain("deleted_total{w=\"" + i + "\"}");
                    }
                }
                // their clocks went on while the process was down
                long end = System.nanoTime() + 15 * TTL_NANOS;
                while (workers.get(0).send(url, "GET", "/metrics", "").contains("brief_total")) {
                    assertThat(System.nanoTime()).as("brief series are still there").isLessThan(end);
                    LockSupport.parkNanos(50_000_000L);
                }
                assertThat(workers.get(0).send(url, "GET", "/-/metrics", "")).contains("weir_wal_corruptions_total 0\n");
                try (Stream<Path> files = Files.list(directory.resolve("data"))) {
                    assertThat(files.map(name -> name.getFileName().toString()))
                            .filteredOn(name -> name.startsWith("checkpoint-"))
                            .isNotEmpty();
                }
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(workers.stream().mapToInt(w -> w.deletions).sum()).isGreaterThan(20);
        assertThat(workers.stream().mapToInt(w -> w.expired).sum()).isPositive();
    }

    private static void run(ExecutorService threads, List<Worker> workers, String url) throws Exception {
        List<Future<Void>> running = new ArrayList<>();
        for (Worker worker : workers) {
            Callable<Void> work = () -> {
                worker.work(url);
                return null;
            };
            running.add(threads.submit(work));
        }
        for (Future<Void> future : running) {
            future.get(60, TimeUnit.SECONDS);
        }
    }
}
