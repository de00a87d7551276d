package io.weir.store;

/**
 * A place between two steps of the table's protocol where tests may delay a thread. Every atomic access of {@link Slab},
 * {@link Index} and {@link Shard} passes here. Off unless the JVM starts with {@code -Dweir.store.steps=true}; then
 * {@link #ON} is a constant and the call costs nothing.
 */
final class Steps {
    static final boolean ON = Boolean.getBoolean("weir.store.steps");

    /** What a step does; set by tests. */
    static volatile Runnable delay;

    private Steps() {}

    static void step() {
        if (ON) {
            Runnable d = delay;
            if (d != null) {
                d.run();
            }
        }
    }
}
