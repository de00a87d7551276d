package io.weir.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** An event loop whose time stands still until it is moved. */
class GatherTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final EventLoopContext context =
            new EventLoopContext(channel.eventLoop(), null, new HttpRecorder(1), () -> 0, Long.MAX_VALUE, 1);
    private final List<String> ran = new ArrayList<>();

    @Test
    void shouldRunTogetherWhatCameWithinATenthOfASecond() {
        channel.freezeTime();
        context.gather(() -> ran.add("a"));
        pass(60);
        context.gather(() -> ran.add("b"));
        pass(39);
        assertThat(ran).isEmpty();
        pass(1);
        assertThat(ran).containsExactly("a", "b");

        context.gather(() -> context.gather(() -> ran.add("d")));
        pass(100);
        assertThat(ran).hasSize(2);
        pass(100);
        assertThat(ran).containsExactly("a", "b", "d");
        channel.close();
    }

    private void pass(long millis) {
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }
}
