package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many connections at once: nothing is lost, nothing is counted twice, and what was acknowledged is there. */
@Timeout(120)
class ConcurrencyTest {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private RunningWeir weir;

    @BeforeEach
    void start() {
        weir = new RunningWeir("--series.max=20000");
    }

    @AfterEach
    void stop() throws Exception {
        threads.shutdownNow();
        assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        weir.close();
    }

    @Test
    void shouldReadEveryAcknowledgedWrite() throws Exception {
        List<Callable<Void>> writers = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            int thread = t;
            writers.add(() -> {
                String series = "ryw_total{t=\"" + thread + "\"}";
                String patch = RunningWeir.request("PATCH", "/metrics/ryw_total?t=" + thread, "");
                String post = RunningWeir.request("POST", "/metrics", "# TYPE ryw_total counter\n" + series + " 1\n");
                String text = RunningWeir.request("GET", "/metrics", "");
                String some = RunningWeir.request("GET", "/metrics?name[]=ryw_total", "");
                String json = RunningWeir.request("GET", "/metrics?format=json", "");
                try (Wire push = weir.wire();
                        Wire read = weir.wire()) {
                    for (int i = 1; i <= 750; i++) {
                        assertThat(push.send(i % 2 == 0 ? patch : post).answer().status()).isEqualTo(200);
                        if (i % 8 == 0) {
                            assertThat(read.send(json).answer().body())
                                    .contains("{\"value\":" + i + ",\"labels\":{\"t\":\"" + thread + "\"}}");
                        } else {
                            String body = read.send(i % 3 == 0 ? some : text).answer().body();
                            assertThat(RunningWeir.valueIn(body, series)).isEqualTo(i);
                        }
                    }
                }
                return null;
            });
        }
        run(writers);
    }

    @Test
    void shouldSeeADeletionThatWasAcknowledgedAndNoneThatWasNot() throws Exception {
        List<Callable<Void>> users = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            String name = "del_" + t;
            users.add(() -> {
                String patch = RunningWeir.request("PATCH", "/metrics/" + name + "?a=b", "");
                String delete = RunningWeir.request("DELETE", "/metrics/" + name, "");
                String get = RunningWeir.request("GET", "/metrics?name[]=" + name, "");
                try (Wire push = weir.wire();
                        Wire read = weir.wire()) {
                    for (int i = 1; i <= 200; i++) {
                        int times = 1 + i % 3;
                        push.send(patch.repeat(times));
                        for (int k = 0; k < times; k++) {
                            assertThat(push.answer()).isEqualTo(PushTest.ok());
                        }
                        assertThat(read.send(get).answer().body())
                                .isEqualTo("# TYPE " + name + " counter\n" + name + "{a=\"b\"} " + times + "\n");
                        assertThat(push.send(delete).answer().body()).isEqualTo("deleted 1 series\n");
                        assertThat(read.send(get).answer().body()).isEmpty();
                    }
                }
                return null;
            });
        }
        run(users);
    }

    /** Two clients' bounds, every observation a 1: at any moment the ladder rises, and count, +Inf and sum are equal. */
    @Test
    void shouldShowOneHistogramWholeInEveryScrape() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger scrapes = new AtomicInteger();
        Future<Void> scraper = threads.submit(() -> {
            String get = RunningWeir.request("GET", "/metrics", "");
            try (Wire wire = weir.wire()) {
                while (!done.get()) {
                    String body = wire.send(get).answer().body();
                    if (body.isEmpty()) {
                        continue;
                    }
                    double last = 0;
                    for (String line : body.split("\n")) {
                        if (line.startsWith("h_bucket")) {
                            double count = Double.parseDouble(line.substring(line.lastIndexOf(' ')));
                            assertThat(count).as(body).isGreaterThanOrEqualTo(last);
                            last = count;
                        }
                    }
                    assertThat(RunningWeir.valueIn(body, "h_count")).as(body).isEqualTo(last);
                    assertThat(RunningWeir.valueIn(body, "h_sum")).as(body).isEqualTo(last);
                    scrapes.incrementAndGet();
                }
            }
            return null;
        });
        List<Callable<Void>> pushers = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            String bounds = t % 2 == 0
                    ? "h_bucket{le=\"1\"} 1\nh_bucket{le=\"5\"} 3\n" : "h_bucket{le=\"0.5\"} 2\nh_bucket{le=\"3\"} 2\n";
            String push = RunningWeir.request("POST", "/metrics",
                    "# TYPE h histogram\n" + bounds + "h_bucket{le=\"+Inf\"} 3\nh_sum 3\nh_count 3\n");
            pushers.add(() -> {
                try (Wire wire = weir.wire()) {
                    for (int i = 0; i < 500; i++) {
                        assertThat(wire.send(push).answer()).isEqualTo(PushTest.ok());
                    }
                }
                return null;
            });
        }
        run(pushers);
        done.set(true);
        scraper.get(20, TimeUnit.SECONDS);
        assertThat(scrapes.get()).isPositive();
        assertThat(weir.samples("h")).containsExactly(
                "h_bucket{le=\"0.5\"} 2000", "h_bucket{le=\"1\"} 3000", "h_bucket{le=\"3\"} 3000",
                "h_bucket{le=\"5\"} 5000", "h_bucket{le=\"+Inf\"} 6000", "h_sum 6000", "h_count 6000");
    }

    /** A million increments over sixteen connections, while others scrape, delete other families and push bad batches. */
    @Test
    void shouldCountAMillionIncrementsExactly() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger scrapes = new AtomicInteger();
        List<Callable<Void>> others = List.of(
                () -> {
                    String get = RunningWeir.request("GET", "/metrics", "");
                    double last = 0;
                    try (Wire wire = weir.wire()) {
                        while (!done.get()) {
                            double now = RunningWeir.valueIn(wire.send(get).answer().body(), "m_total{k=\"all\"}");
                            if (!Double.isNaN(now)) {
                                assertThat(now).isGreaterThanOrEqualTo(last);
                                last = now;
                            }
                            scrapes.incrementAndGet();
                        }
                    }
                    return null;
                },
                () -> {
                    try (Wire wire = weir.wire()) {
                        for (int i = 0; !done.get(); i++) {
                            wire.send(RunningWeir.request("PATCH", "/metrics/other_" + i % 5 + "?i=" + i % 50, "")
                                    + RunningWeir.request("DELETE", "/metrics/other_" + i % 5, ""));
                            assertThat(wire.answer().status()).isEqualTo(200);
                            assertThat(wire.answer().status()).isEqualTo(200);
                        }
                    }
                    return null;
                },
                () -> {
                    String bad = RunningWeir.request("POST", "/metrics",
                            "# TYPE m_total counter\nm_total{k=\"all\"} 1000\nm_total{k=\"0\"} 1000\nm_total{k=\"0\"} -1\n");
                    try (Wire wire = weir.wire()) {
                        while (!done.get()) {
                            assertThat(wire.send(bad).answer().status()).isEqualTo(400);
                        }
                    }
                    return null;
                });
        List<Future<Void>> background = new ArrayList<>();
        others.forEach(other -> background.add(threads.submit(other)));

        List<Callable<Void>> pushers = new ArrayList<>();
        for (int c = 0; c < 16; c++) {
            int connection = c;
            pushers.add(() -> {
                switch (connection % 3) {
                    case 0 -> push(connection, 100, 625, batch(connection, 50));
                    case 1 -> push(connection, 2_500, 25,
                            RunningWeir.request("PATCH", "/metrics/m_total?k=all", "")
                                    .concat(RunningWeir.request("PATCH", "/metrics/m_total?k=" + connection, "24")));
                    default -> push(connection, 250, 250, batch(connection, 8)
                            + RunningWeir.request("PATCH", "/metrics/m_total?k=all", "117")
                            + RunningWeir.request("PATCH", "/metrics/m_total?k=" + connection, "117"));
                }
                return null;
            });
        }
        run(pushers);
        done.set(true);
        for (Future<Void> other : background) {
            other.get(20, TimeUnit.SECONDS);
        }

        double all = 0;
        double each = 0;
        for (String line : weir.samples("m_total")) {
            double value = Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            if (line.startsWith("m_total{k=\"all\"}")) {
                all = value;
            } else {
                each += value;
            }
        }
        assertThat(all + each).isEqualTo(1_000_000);
        assertThat(scrapes.get()).isPositive();
        assertThat(weir.own("weir_ingest_superseded_total")).isZero();
    }

    /** Sends the requests {@code times} over, sixteen rounds in flight at most; together they add {@code adds} each time. */
    private void push(int connection, int times, int adds, String requests) {
        assertThat(times * adds).isEqualTo(62_500);
        int answers = requests.split("HTTP/1\\.1\r\n", -1).length - 1;
        int window = Math.max(1, 16 / answers);
        try (Wire wire = weir.wire()) {
            int sent = 0;
            for (int answered = 0; answered < times; answered++) {
                while (sent < times && sent - answered < window) {
                    wire.send(requests);
                    sent++;
                }
                for (int i = 0; i < answers; i++) {
                    assertThat(wire.answer()).as("connection %d", connection).isEqualTo(PushTest.ok());
                }
            }
        }
    }

    private static String batch(int connection, int lines) {
        StringBuilder body = new StringBuilder("# TYPE m_total counter\n");
        int half = lines / 2;
        int total = lines == 50 ? 625 : 16;
        // the first line of each half carries what the others do not
        for (int i = 0; i < half; i++) {
            body.append("m_total{k=\"all\"} ").append(i == 0 ? total / 2 - half + 1 : 1).append('\n');
            body.append("m_total{k=\"").append(connection).append("\"} ")
                    .append(i == 0 ? total - total / 2 - half + 1 : 1).append('\n');
        }
        return RunningWeir.request("POST", "/metrics", body.toString());
    }

    private void run(List<Callable<Void>> tasks) throws Exception {
        for (Future<Void> task : threads.invokeAll(tasks, 60, TimeUnit.SECONDS)) {
            task.get();
        }
    }
}
