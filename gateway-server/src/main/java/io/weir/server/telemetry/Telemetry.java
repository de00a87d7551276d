package io.weir.server.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/**
 * Registry of the gateway's own metrics, rendered on {@code /-/metrics} as text 0.0.4, families by name. Everything is
 * registered at start-up, in one line each; label values come from closed sets of this program, never from input. Any
 * thread.
 *
 * <p>Names follow the conventions of Prometheus: base units, {@code _total} for counters.
 */
public final class Telemetry {
    private record Family(String type, String help, List<Consumer<Samples>> parts) {}

    private final TreeMap<String, Family> families = new TreeMap<>();

    /**
     * A counter with constant labels.
     *
     * @param labels names and values alternately
     */
    public Counter counter(String name, String help, String... labels) {
        Counter counter = new Counter();
        total(name, help, counter::value, labels);
        return counter;
    }

    /** Counters told apart by labels. */
    public CounterFamily counters(String name, String help, String... labelNames) {
        CounterFamily family = new CounterFamily(labelNames);
        collect(name, "counter", help, family::collect);
        return family;
    }

    /** A counter that is kept elsewhere and read when asked for. */
    public void total(String name, String help, DoubleSupplier value, String... labels) {
        collect(name, "counter", help, out -> out.add(value.getAsDouble(), labels));
    }

    /** A gauge that is kept elsewhere and read when asked for; {@code NaN} leaves it out. */
    public void gauge(String name, String help, DoubleSupplier value, String... labels) {
        collect(name, "gauge", help, out -> {
            double v = value.getAsDouble();
            if (!Double.isNaN(v)) {
                out.add(v, labels);
            }
        });
    }

    /**
     * The general form: a part of a family that writes any number of samples.
     *
     * @param type {@code counter}, {@code gauge}, {@code histogram} or {@code summary}
     */
    public synchronized void collect(String name, String type, String help, Consumer<Samples> part) {
        Family family = families.computeIfAbsent(name, n -> new Family(type, help, new ArrayList<>()));
        assert family.type.equals(type) : name;
        family.parts.add(part);
    }

    /** Everything as text 0.0.4. */
    public synchronized byte[] render() {
        StringBuilder text = new StringBuilder(8 << 10);
        Samples samples = new Samples(text);
        families.forEach((name, family) -> {
            samples.family(name, family.type, family.help);
            for (Consumer<Samples> part : family.parts) {
                part.accept(samples);
            }
        });
        return text.toString().getBytes(UTF_8);
    }
}
