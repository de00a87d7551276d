package io.weir.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.weir.journal.JournalTargets;
import io.weir.server.LeakGuard;
import io.weir.server.config.ConfigTargets;
import io.weir.server.door.DoorTargets;
import io.weir.server.http.HttpTargets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;

/**
 * Everything that reads bytes from outside, on mutations of good and bad inputs: {@code -Dweir.fuzz.executions=N} in all,
 * shared among the targets by their weights, {@code -Dweir.fuzz.seed=S}, {@code -Dweir.fuzz.target=NAME} for one alone.
 * Run as a program it prints a line for each target.
 */
@ExtendWith(LeakGuard.class)
class FuzzTest {
    private static final long EXECUTIONS = Long.getLong("weir.fuzz.executions", 200_000);
    private static final long EXECUTIONS_MIN = 1_000;
    private static final long SEED = Long.getLong("weir.fuzz.seed", 20261120);
    private static final String ONLY = System.getProperty("weir.fuzz.target", "");

    @TestFactory
    Stream<DynamicTest> shouldHoldWhateverTheBytesAre() throws Exception {
        return targets().stream().map(target -> DynamicTest.dynamicTest(target.name(), () -> {
            Fuzzer fuzzer = new Fuzzer(target, SEED);
            fuzzer.run(share(target));
            assertThat(fuzzer.outcomes()).as("outcomes, good and bad").isGreaterThan(3);
        }));
    }

    public static void main(String[] arguments) throws Exception {
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.OFF);
        boolean good = true;
        for (FuzzTarget target : targets()) {
            long start = System.nanoTime();
            Fuzzer fuzzer = new Fuzzer(target, SEED);
            String find = "";
            try {
                fuzzer.run(share(target));
            } catch (AssertionError e) {
                System.out.println(e.getMessage() + "\n" + e.getCause() + "\n    "
                        + Arrays.stream(e.getCause().getStackTrace()).limit(12).map(Object::toString)
                                .collect(Collectors.joining("\n    ")));
                find = " FOUND";
                good = false;
            }
            System.out.printf(Locale.ROOT, "%-14s %,12d executions %5d outcomes %6.0f s%s%n", target.name(),
                    fuzzer.executions(), fuzzer.outcomes(), (System.nanoTime() - start) / 1e9, find);
        }
        System.exit(good ? 0 : 1);
    }

    private static List<FuzzTarget> targets() throws Exception {
        List<FuzzTarget> all = new ArrayList<>(ParserTargets.all());
        all.addAll(JournalTargets.all());
        all.addAll(HttpTargets.all());
        all.addAll(DoorTargets.all());
        all.addAll(ConfigTargets.all());
        return all.stream().filter(target -> ONLY.isEmpty() || target.name().equals(ONLY)).toList();
    }

    private static long share(FuzzTarget target) {
        return Math.max(EXECUTIONS_MIN, EXECUTIONS * target.weight() / 1_000);
    }
}
