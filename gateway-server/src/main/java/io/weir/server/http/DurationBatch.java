package io.weir.server.http;

/**
 * Answers of one connection whose durations end together, when they are flushed: one clock reading and one record for all
 * of the same handler and start. Event loop only.
 */
final class DurationBatch {
    private final EventLoopContext context;
    private int handler;
    private long startedNanos;
    private int answers;

    DurationBatch(EventLoopContext context) {
        this.context = context;
    }

    void add(int handler, long startedNanos) {
        if (this.handler != handler || this.startedNanos != startedNanos) {
            record();
            this.handler = handler;
            this.startedNanos = startedNanos;
        }
        answers++;
    }

    void record() {
        if (answers > 0) {
            context.recorder().took(handler, context.nanoTime() - startedNanos, answers);
            answers = 0;
        }
    }
}
