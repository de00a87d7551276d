package io.weir.server.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.LeakGuard;
import io.weir.server.http.Gadgets;
import io.weir.server.http.Gadgets.Gadget;
import io.weir.server.http.Gadgets.Verdict;
import io.weir.server.http.RawAnswers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * All {@link Gadgets} over real sockets against a whole gateway: the store is the witness of what was taken for a request.
 */
@ExtendWith(LeakGuard.class)
@Timeout(120)
class DesyncTest {
    private static RunningWeir weir;

    @BeforeAll
    static void start() {
        weir = new RunningWeir();
    }

    @AfterAll
    static void stop() {
        weir.close();
    }

    @Test
    void shouldUnderstandEveryGadgetInOneWayOnly() throws Exception {
        List<Gadget> gadgets = Gadgets.all();
        assertThat(gadgets).hasSizeGreaterThan(2_000);
        List<String> wrong = new ArrayList<>();
        long pushes = 0;
        long patches = 0;
        Wire scraper = weir.wire();
        for (Gadget gadget : gadgets) {
            String problem = problem(gadget, send(gadget));
            String scrape = scraper.send(RunningWeir.request("GET", "/metrics", "")).answer().body();
            long outer = count(scrape, "outer") - pushes;
            long smuggled = count(scrape, "smuggled") - patches;
            pushes += outer;
            patches += smuggled;
            if (problem == null && (outer != gadget.pushes() || smuggled != gadget.patches())) {
                problem = "counted " + outer + " pushes and " + smuggled + " patches";
            }
            if (problem != null) {
                wrong.add(gadget + ": " + problem);
            }
        }
        scraper.close();
        assertThat(wrong).isEmpty();
    }

    private static String send(Gadget gadget) throws IOException {
        try (Socket socket = new Socket(weir.address().getAddress(), weir.port())) {
            socket.setSoTimeout(5_000);
            socket.setTcpNoDelay(true);
            boolean open = gadget.verdict() == Verdict.OPEN;
            socket.getOutputStream().write((gadget.bytes() + (open ? "" : Gadgets.NEXT)).getBytes(ISO_8859_1));
            if (open) {
                socket.shutdownOutput();
            }
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            try {
                socket.getInputStream().transferTo(all);
            } catch (IOException e) {
                return all.toString(ISO_8859_1) + "!" + e.getMessage();
            }
            return all.toString(ISO_8859_1);
        }
    }

    /** What is wrong with the answers; null when nothing is. */
    private static String problem(Gadget gadget, String sent) {
        RawAnswers answers;
        try {
            answers = RawAnswers.of(sent);
        } catch (RuntimeException | AssertionError e) {
            return "broken answer " + e.getMessage();
        }
        List<Integer> statuses = answers.statuses;
        boolean good = switch (gadget.verdict()) {
            case REFUSED -> statuses.size() == gadget.answers() && answers.saysClose
                    && (gadget.pushes() > 0 || statuses.get(0) >= 400);
            case TAKEN -> statuses.size() == gadget.answers() + 1 && statuses.get(gadget.answers()) == 200;
            case OPEN -> statuses.stream().allMatch(status -> status >= 400);
        };
        return good ? null : gadget.verdict() + " expected, answers " + statuses + (answers.saysClose ? ", closed" : "");
    }

    private static long count(String scrape, String series) {
        double value = RunningWeir.valueIn(scrape, series);
        return Double.isNaN(value) ? 0 : (long) value;
    }
}
