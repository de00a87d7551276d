package io.weir.server.telemetry;

import java.util.concurrent.atomic.LongAdder;

/** A number that only grows. Any thread; about 5 ns when uncontended. */
public final class Counter {
    private final LongAdder adder = new LongAdder();

    Counter() {}

    public void add(long n) {
        adder.add(n);
    }

    public void increment() {
        adder.increment();
    }

    public long value() {
        return adder.sum();
    }
}
