package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.door.Pushers.Known;
import io.weir.server.door.Pushers.Sender;
import io.weir.server.door.Pushers.Table;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PushersTest {
    private long millis = 1000;
    private final Pushers pushers = new Pushers(3, () -> millis++);
    private final Table table = pushers.newTable();

    private static final Sender CURL = new Sender(null, "127.0.0.1", "curl/8");

    private static byte[] group(String name) {
        return ("job=\"" + name + "\"").getBytes(UTF_8);
    }

    private String groups() {
        return pushers.known().stream().map(k -> k.group() == null ? "-" : new String(k.group(), UTF_8)).collect(Collectors.joining(" "));
    }

    @Test
    void shouldKnowAGroupWhereverItIsPushedFrom() {
        table.pushed(CURL, group("a"), 3, 40);
        Sender go = new Sender("lambda", "127.0.0.2", "Go");
        table.failed(go, group("a"), "no");
        table.pushed(go, group("a"), 2, 10);
        assertThat(pushers.known()).hasSize(1);
        Known known = pushers.known().get(0);
        assertThat(known).usingRecursiveComparison().isEqualTo(new Known(group("a"), go, 2, 5, 50, 1002, 1, 1001, "no"));
    }

    @Test
    void shouldTellSendersWithoutAGroupByAllThatIsKnownOfThem() {
        table.pushed(CURL, null, 1, 1);
        table.pushed(new Sender(null, "127.0.0.1", "curl/8"), null, 1, 1);
        table.pushed(new Sender("a", "127.0.0.1", "curl/8"), null, 1, 1);
        table.pushed(new Sender(null, "127.0.0.1", null), null, 1, 1);
        assertThat(pushers.known()).hasSize(3);
        table.pushed(new Sender(null, "127.0.0.1", ""), null, 1, 1);
        assertThat(pushers.known()).hasSize(3);
        assertThat(pushers.forgotten()).isEqualTo(1);
    }

    @Test
    void shouldForgetWhoeverHasNotPushedForLongest() {
        for (String name : List.of("a", "b", "c", "a", "d", "e")) {
            table.pushed(CURL, group(name), 1, 1);
        }
        assertThat(groups()).isEqualTo("job=\"e\" job=\"d\" job=\"a\"");
        assertThat(pushers.forgotten()).isEqualTo(2);
        assertThat(pushers.known().get(2).pushes()).isEqualTo(2);
    }

    @Test
    void shouldAddUpWhatEventLoopsKnow() {
        Table other = pushers.newTable();
        table.pushed(CURL, group("a"), 1, 10);
        other.pushed(CURL, group("a"), 2, 20);
        other.failed(CURL, group("a"), "later");
        table.pushed(CURL, null, 5, 5);
        other.pushed(CURL, null, 5, 5);
        assertThat(pushers.known()).hasSize(2);
        Known a = pushers.known().get(1);
        assertThat(a.pushes()).isEqualTo(2);
        assertThat(a.samples()).isEqualTo(3);
        assertThat(a.bytes()).isEqualTo(30);
        assertThat(a.error()).isEqualTo("later");
    }

    @Test
    void shouldAgreeWithAPlainMapUnderAnyTraffic() {
        Pushers large = new Pushers(64, () -> millis++);
        Table one = large.newTable();
        Map<String, Long> pushes = new HashMap<>();
        List<String> order = new ArrayList<>();
        Random random = new Random(5);
        for (int i = 0; i < 20_000; i++) {
            String name = "g" + (int) Math.abs(random.nextGaussian() * 60);
            one.pushed(CURL, group(name), 1, 1);
            pushes.merge(name, 1L, Long::sum);
            order.remove(name);
            order.add(name);
            if (order.size() > 64) {
                pushes.remove(order.remove(0));
            }
        }
        Map<String, Long> known = large.known().stream()
                .collect(Collectors.toMap(k -> new String(k.group(), UTF_8).split("\"")[1], Known::pushes));
        assertThat(known).isEqualTo(pushes);
    }

    @Test
    void shouldAllocateNothingForAKnownPusher() {
        byte[] group = group("a");
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = Long.MAX_VALUE;
        for (int round = 0; round < 10 && allocated > 1000; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 10_000; i++) {
                table.pushed(CURL, group, 1, 1);
                table.pushed(CURL, null, 1, 1);
                table.failed(CURL, group, "no");
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(allocated).as("of 30,000").isLessThan(1000);
    }
}
