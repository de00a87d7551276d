package io.weir.server.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weir.server.http.Gadgets;
import io.weir.server.http.Gadgets.Gadget;
import io.weir.server.http.Gadgets.Verdict;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * All {@link Gadgets} through real proxies: what the proxy takes for one request, the gateway takes for the same one. The
 * witnesses are the proxy's log of what it forwarded and the gateway's counters. Run by {@code scripts/proxy-test}, not with
 * the other tests.
 */
@Timeout(600)
class ProxyCheck {
    /** So many go through before the counts are compared; where these differ they go again, one by one. */
    private static final int BATCH = 20;

    /** What the proxy or the gateway has counted: requests, and those with 200 by method. */
    private record Count(long requests, long posts, long patches) {
        Count minus(Count other) {
            return new Count(requests - other.requests, posts - other.posts, patches - other.patches);
        }

        Count plus(Count other) {
            return new Count(requests + other.requests, posts + other.posts, patches + other.patches);
        }
    }

    private Wire own;
    private ProxyProcess proxy;
    private Count before;
    private long calls;
    private long forwarded;
    private long taken;

    @ParameterizedTest
    @EnumSource
    void shouldTakeForARequestWhatTheProxyTakesForOne(ProxyProcess.Kind kind, @TempDir Path directory) throws Exception {
        assumeTrue(kind.binary() != null, () -> "SKIPPED: there is no " + kind + " here");
        List<Gadget> gadgets = Gadgets.all();
        List<String> apart = new ArrayList<>();
        try (RunningWeir running = new RunningWeir();
                Wire wire = running.wire();
                ProxyProcess process = new ProxyProcess(kind, running.port(), directory)) {
            own = wire;
            proxy = process;
            before = counted();
            for (int i = 0; i < gadgets.size(); i += BATCH) {
                List<Gadget> batch = gadgets.subList(i, Math.min(i + BATCH, gadgets.size()));
                if (difference(batch) != null) {
                    for (Gadget gadget : batch) {
                        String difference = difference(List.of(gadget));
                        if (difference != null) {
                            apart.add(gadget + ": " + difference);
                        }
                    }
                }
            }
        }
        String line = String.format("%-16s %6d gadgets %6d requests forwarded %6d of them answered 200 %4d understood otherwise%n",
                kind, gadgets.size(), forwarded, taken, apart.size());
        Files.writeString(Path.of("target", "proxy-test.txt"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        assertThat(apart).isEmpty();
    }

    /** Null when proxy and gateway agree. */
    private String difference(List<Gadget> gadgets) {
        double smuggled = smuggled();
        for (Gadget gadget : gadgets) {
            send(gadget);
        }
        Count logged = logged(proxy.forwarded());
        Count understood = change();
        // The proxy writes its log when it is done with a request, which may be later than we are.
        for (long end = System.nanoTime() + 3_000_000_000L; !logged.equals(understood) && System.nanoTime() < end; ) {
            LockSupport.parkNanos(5_000_000L);
            logged = logged.plus(logged(proxy.forwarded()));
            understood = understood.plus(change());
        }
        forwarded += understood.requests;
        taken += understood.posts + understood.patches;
        boolean witness = smuggled() - smuggled == logged.patches;
        return logged.equals(understood) && witness ? null : "forwarded " + logged + ", understood " + understood;
    }

    private void send(Gadget gadget) {
        try (Socket socket = new Socket(proxy.address().getAddress(), proxy.address().getPort())) {
            socket.setSoTimeout(3_000);
            boolean open = gadget.verdict() == Verdict.OPEN;
            socket.getOutputStream().write((gadget.bytes() + (open ? "" : Gadgets.NEXT)).getBytes(ISO_8859_1));
            if (open) {
                socket.shutdownOutput();
            }
            socket.getInputStream().transferTo(new ByteArrayOutputStream());
        } catch (IOException cutOrSlow) {
            // How the proxy ends a connection is its own affair.
        }
    }

    private static Count logged(List<String[]> lines) {
        long posts = 0;
        long patches = 0;
        for (String[] line : lines) {
            boolean good = line[0].equals("200");
            posts += good && line[1].equals("POST") ? 1 : 0;
            patches += good && line[1].equals("PATCH") ? 1 : 0;
        }
        return new Count(lines.size(), posts, patches);
    }

    private Count change() {
        Count now = counted();
        Count change = now.minus(before);
        before = now;
        return change;
    }

    /** Requests answered, but for our own. */
    private Count counted() {
        String metrics = own.send(RunningWeir.request("GET", "/-/metrics", "")).answer().body();
        calls++;
        long requests = 0;
        long posts = 0;
        long patches = 0;
        for (String line : metrics.lines().filter(l -> l.startsWith("weir_http_requests_total{")).toList()) {
            long n = (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            requests += n;
            posts += line.contains("method=\"POST\",code=\"200\"") ? n : 0;
            patches += line.contains("method=\"PATCH\",code=\"200\"") ? n : 0;
        }
        return new Count(requests - calls, posts, patches);
    }

    private double smuggled() {
        calls++;
        String scrape = own.send(RunningWeir.request("GET", "/metrics", "")).answer().body();
        double value = RunningWeir.valueIn(scrape, "smuggled");
        return Double.isNaN(value) ? 0 : value;
    }
}
