package io.weir.server.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.LeakGuard;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code scripts/siege} does at full size, small enough for every build. */
@Timeout(300)
@ExtendWith(LeakGuard.class)
class SiegeTest {
    @Test
    void shouldCountTenMillionIncrementsOf64ClientsExactly(@TempDir Path data) throws Exception {
        int clients = 64;
        int bodies = 250;
        int lines = 625;
        try (RunningWeir weir = new RunningWeir("--storage.path=" + data)) {
            AtomicBoolean done = new AtomicBoolean();
            ExecutorService scrapes = Executors.newSingleThreadExecutor();
            Future<Integer> scraped = scrapes.submit(() -> {
                int count = 0;
                for (double last = 0; !done.get(); count++) {
                    double now = weir.value("all_total");
                    assertThat(Double.isNaN(now) ? 0 : now).isGreaterThanOrEqualTo(last);
                    last = Double.isNaN(now) ? 0 : now;
                }
                return count;
            });
            List<Callable<Void>> work = new ArrayList<>();
            for (int c = 0; c < clients; c++) {
                String own = "own_total{c=\"" + c + "\"} 1\n";
                String body = RunningWeir.request("POST", "/metrics",
                        "# TYPE all_total counter\n# TYPE own_total counter\nall_total 1\n" + ("all_total 1\n" + own).repeat(lines / 2));
                work.add(() -> {
                    try (Wire wire = weir.wire()) {
                        for (int i = 0; i < bodies; i++) {
                            while (wire.send(body).answer().status() == 503) {
                                LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1)); // as Retry-After says
                            }
                        }
                    }
                    return null;
                });
            }
            inParallel(work);
            done.set(true);
            assertThat(scraped.get(20, TimeUnit.SECONDS)).isPositive();
            scrapes.shutdown();

            String text = weir.scrape();
            double sum = RunningWeir.valueIn(text, "all_total");
            assertThat(sum).isEqualTo(clients * bodies * (lines / 2 + 1));
            for (int c = 0; c < clients; c++) {
                double own = RunningWeir.valueIn(text, "own_total{c=\"" + c + "\"}");
                assertThat(own).isEqualTo(bodies * (lines / 2));
                sum += own;
            }
            assertThat(sum).isEqualTo(10_000_000);
        }
    }

    @Test
    void shouldCutFiveHundredClientsThatNeverEndTheirHeads() {
        try (RunningWeir weir = new RunningWeir("--limits.header-time=2s")) {
            List<Wire> slow = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                slow.add(weir.wire().send("POST /metrics HTTP/1.1\r\nHost: a\r\nX-" + i));
            }
            assertThat(weir.patch("good_total")).as("a good client beside them").hasToString("200 ok");
            slow.forEach(wire -> assertThat(wire.answer().status()).isEqualTo(408));
            assertThat(weir.own("weir_http_rejected_total{reason=\"header_timeout\"}")).isEqualTo(500);
            RunningWeir.await("their connections are gone", () -> weir.own("weir_connections") < 10);
            slow.forEach(Wire::close);
        }
    }

    @Test
    void shouldCutAHundredClientsThatNeverRead() {
        try (RunningWeir weir = new RunningWeir("--limits.stall-time=2s")) {
            assertThat(weir.post(large()).status()).isEqualTo(200);
            List<Wire> slow = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                slow.add(weir.wireWithoutRoom().send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
            }
            assertThat(weir.patch("good_total")).as("a good client beside them").hasToString("200 ok");
            RunningWeir.await("their connections are gone", () -> weir.own("weir_connections") < 10);
            slow.forEach(Wire::close);
        }
    }

    @Test
    void shouldServeGoodClientsBesideFiveHundredSlowHeadsAndAHundredReadersAndCutThose() throws Exception {
        try (RunningWeir weir = new RunningWeir("--limits.header-time=2s", "--limits.stall-time=2s", "--limits.unread=16MiB")) {
            assertThat(weir.post(large()).status()).isEqualTo(200);
            List<Wire> heads = new ArrayList<>();
            List<Wire> readers = new ArrayList<>();
            AtomicBoolean done = new AtomicBoolean();
            ExecutorService threads = Executors.newFixedThreadPool(4);
            List<Future<Integer>> good = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                good.add(threads.submit(() -> {
                    int count = 0;
                    try (Wire wire = weir.wire()) {
                        for (; !done.get(); count++) {
                            assertThat(wire.send(RunningWeir.request("PATCH", "/metrics/good_total", "")).answer().status())
                                    .isEqualTo(200);
                        }
                    }
                    return count;
                }));
            }
            for (int i = 0; i < 500; i++) {
                heads.add(weir.wire().send("POST /metrics HTTP/1.1\r\nHost: a\r\nX-" + i));
                if (i % 5 == 0) {
                    readers.add(weir.wireWithoutRoom().send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
                }
            }
            heads.forEach(wire -> assertThat(wire.answer().status()).isEqualTo(408));
            RunningWeir.await("their connections are gone", () -> weir.own("weir_connections") < 10);
            assertThat(weir.get("/metrics").status()).isEqualTo(200);
            done.set(true);
            int sent = 0;
            for (Future<Integer> client : good) {
                sent += client.get(20, TimeUnit.SECONDS);
            }
            threads.shutdown();
            assertThat(weir.own("weir_http_rejected_total{reason=\"header_timeout\"}")).isEqualTo(500);
            assertThat(cut(weir, "answer_stalled") + cut(weir, "answer_rate") + cut(weir, "unread")).isEqualTo(100);
            assertThat(weir.value("good_total")).isEqualTo(sent).isPositive();
            assertThat(weir.own("weir_answers_held_bytes")).as("nobody holds anything any more").isZero();
            heads.forEach(Wire::close);
            readers.forEach(Wire::close);
        }
    }

    private static String large() {
        StringBuilder large = new StringBuilder();
        for (int i = 0; i < 50_000; i++) {
            large.append("large{id=\"").append(i).append("\",text=\"").append("x".repeat(60)).append("\"} 1\n");
        }
        return large.toString();
    }

    private static double cut(RunningWeir weir, String reason) {
        return weir.own("weir_connections_cut_total{reason=\"" + reason + "\"}");
    }

    @Test
    void shouldCutWhoTakesATrickle() throws Exception {
        try (RunningWeir weir = new RunningWeir("--limits.stall-time=2s", "--limits.answer-rate=1MiB")) {
            assertThat(weir.post(large()).status()).isEqualTo(200);
            try (Wire slow = weir.wireWithoutRoom()) {
                slow.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
                long taken = 0;
                for (long n = 1; n > 0; taken += n) { // at most 2 MB/s if the rate were held by nobody
                    n = slow.take(4 << 10);
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                }
                assertThat(taken).as("an answer of 4 MB").isLessThan(3_000_000);
            }
            RunningWeir.await("it is counted", () -> cut(weir, "answer_rate") == 1);
            assertThat(cut(weir, "answer_stalled")).isZero();
        }
    }

    /** Each scrape of a changing store is a snapshot of its own, which a reader that takes nothing would keep. */
    @Test
    void shouldHoldNoMoreSnapshotsForReadersThatNeverReadThanFitTheLimit() throws Exception {
        try (RunningWeir weir = new RunningWeir("--limits.unread=4MiB", "--limits.stall-time=5m")) {
            assertThat(weir.post(large()).status()).isEqualTo(200);
            List<Wire> slow = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                weir.patch("changes_total");
                slow.add(weir.wireWithoutRoom().send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
                assertThat(weir.own("weir_answers_held_bytes")).isLessThan(18 << 20);
            }
            assertThat(RunningWeir.valueIn(weir.scrape(), "changes_total")).as("others are scraped as ever").isEqualTo(100);
            RunningWeir.await("most of them are cut", () -> cut(weir, "unread") > 80);
            RunningWeir.await("what is left fits", () -> weir.own("weir_answers_held_bytes") <= 4 << 20);
            slow.forEach(Wire::close);
        }
    }

    @Test
    void shouldShowWhatWasAcknowledgedBeforeAlsoWhenThereAreManyReaders() throws Exception {
        try (RunningWeir weir = new RunningWeir("--limits.stall-time=5m")) {
            assertThat(weir.post(large()).status()).isEqualTo(200);
            List<Wire> slow = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                slow.add(weir.wireWithoutRoom().send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
            }
            RunningWeir.await("all are being sent", () -> weir.own("weir_answers_held_bytes") > 40 * (128 << 10));
            List<Wire> scrapes = new ArrayList<>();
            for (int i = 1; i <= 20; i++) {
                weir.patch("changes_total");
                scrapes.add(weir.wire().send("GET /metrics?name%5B%5D=changes_total HTTP/1.1\r\nHost: a\r\n\r\n"));
            }
            for (int i = 1; i <= 20; i++) {
                String text = scrapes.get(i - 1).answer().body();
                assertThat(RunningWeir.valueIn(text, "changes_total")).as("what was acknowledged before is in").isGreaterThanOrEqualTo(i);
            }
            slow.forEach(Wire::close);
            scrapes.forEach(Wire::close);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "snappy"})
    void shouldRefuseAHundredBombsAtOnce(String coding) throws Exception {
        boolean isSnappy = coding.equals("snappy"); // which packs 21 to 1 at most, so it is refused for its size
        byte[] packed = isSnappy ? snappyZeros(320) : coding.equals("gzip") ? gzip(new byte[64 << 20]) : zstdZeros(512);
        String head = "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Encoding: " + coding + "\r\nContent-Length: "
                + packed.length + "\r\n\r\n";
        try (RunningWeir weir = new RunningWeir("--limits.wait-time=1m")) {
            AtomicInteger refused = new AtomicInteger();
            AtomicInteger noRoom = new AtomicInteger();
            List<Callable<Void>> work = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                work.add(() -> {
                    try (Wire wire = weir.wire()) {
                        int status = wire.send(head).send(packed).answer().status();
                        refused.addAndGet(status == 413 ? 1 : 0);
                        noRoom.addAndGet(status == 503 && isSnappy ? 1 : 0);
                    }
                    return null;
                });
            }
            inParallel(work);
            assertThat(refused.get() + noRoom.get()).isEqualTo(100);
            assertThat(refused.get()).isPositive();
            String reason = isSnappy ? "inflated_too_large" : "inflate_ratio";
            assertThat(weir.own("weir_http_rejected_total{reason=\"" + reason + "\"}")).isEqualTo(refused.get());
            assertThat(weir.own("weir_http_rejected_total{reason=\"in_flight_bytes\"}")).isEqualTo(noRoom.get());
            assertThat(weir.scrape()).isEmpty();
        }
    }

    @Test
    void shouldAnswerProbesAndTurnPushesAwayWhenThereAreTooMany() throws Exception {
        int pushes = 400;
        int lines = 100_000;
        byte[] body = gzip(("# TYPE o_total counter\n" + "o_total 1\n".repeat(lines)).getBytes(ISO_8859_1));
        String push = "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: " + body.length
                + "\r\n\r\n" + new String(body, ISO_8859_1);
        try (RunningWeir weir = new RunningWeir("--limits.wait-time=1s")) {
            List<Wire> clients = new ArrayList<>();
            for (int i = 0; i < pushes; i++) {
                clients.add(weir.wire());
            }
            clients.forEach(client -> client.send(push));
            assertThat(weir.get("/-/healthy").status()).isEqualTo(200);
            assertThat(weir.get("/metrics").status()).isEqualTo(200);
            assertThat(counted(weir, "200") + counted(weir, "503")).as("pushes answered before the probes").isLessThan(pushes);

            int accepted = 0;
            for (Wire client : clients) {
                int status = client.answer().status();
                assertThat(status).isIn(200, 503);
                accepted += status == 200 ? 1 : 0;
                client.close();
            }
            assertThat(accepted).isBetween(1, pushes - 1);
            assertThat(weir.own("weir_http_rejected_total{reason=\"overload\"}")).isEqualTo(pushes - accepted);
            assertThat(weir.value("o_total")).isEqualTo((double) accepted * lines);
        }
    }

    private static double counted(RunningWeir weir, String code) {
        double count = weir.own("weir_http_requests_total{handler=\"push\",method=\"POST\",code=\"" + code + "\"}");
        return Double.isNaN(count) ? 0 : count;
    }

    @Test
    void shouldRefuseAHundredThousandSeriesButATenth() {
        try (RunningWeir weir = new RunningWeir("--series.max=10000")) {
            weir.patch("old_total");
            int accepted = 0;
            int refused = 0;
            for (int body = 0; body < 100; body++) {
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < 1_000; i++) {
                    text.append("flood{id=\"").append(body * 1_000 + i).append("\"} 1\n");
                }
                int status = weir.post(text.toString()).status();
                assertThat(status).as("503 while the table is compacted").isIn(200, 429, 503);
                accepted += status == 200 ? 1 : 0;
                refused += status == 429 ? 1 : 0;
                assertThat(weir.patch("old_total").status()).isEqualTo(200);
            }
            assertThat(accepted).isEqualTo(9);
            assertThat(weir.own("weir_series")).isEqualTo(9_001);
            assertThat(weir.own("weir_ingest_rejected_total{protocol=\"text\",reason=\"series_limit\"}")).isEqualTo(refused);
            assertThat(weir.value("old_total")).isEqualTo(101);
        }
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes);
        }
        return packed.toByteArray();
    }

    /** Zeros as zstd (RFC 8878): a frame of blocks of 128 KiB, four bytes each. */
    private static byte[] zstdZeros(int blocks) {
        ByteBuffer out = ByteBuffer.allocate(6 + 4 * blocks).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0xfd2fb528).put((byte) 0).put((byte) (7 << 3));
        for (int i = 0; i < blocks; i++) {
            int header = (i == blocks - 1 ? 1 : 0) | 1 << 1 | 128 << 10 << 3;
            out.put((byte) header).put((byte) (header >> 8)).put((byte) (header >> 16)).put((byte) 0);
        }
        return out.array();
    }

    /** Zeros as framed snappy: chunks of 64 KiB, 3 kB each, with their checksums. */
    private static byte[] snappyZeros(int chunks) throws IOException {
        CRC32C sum = new CRC32C();
        sum.update(new byte[64 << 10]);
        int crc = (int) sum.getValue();
        ByteBuffer chunk = ByteBuffer.allocate(4 + 4 + 5 + 3 * 1024).order(ByteOrder.LITTLE_ENDIAN);
        chunk.putInt(chunk.capacity() - 4 << 8).putInt((crc >>> 15 | crc << 17) + 0xa282ead8);
        chunk.put(new byte[] {(byte) 0x80, (byte) 0x80, 4, 0, 0});
        for (int left = (64 << 10) - 1; left > 0; left -= 64) {
            chunk.put((byte) (Math.min(left, 64) - 1 << 2 | 2)).putShort((short) 1);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'});
        for (int i = 0; i < chunks; i++) {
            out.write(chunk.array());
        }
        return out.toByteArray();
    }

    private static void inParallel(List<Callable<Void>> work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(work.size());
        try {
            for (Future<Void> each : threads.invokeAll(work)) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
