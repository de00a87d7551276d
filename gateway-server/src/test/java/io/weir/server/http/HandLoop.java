package io.weir.server.http;

import io.netty.util.concurrent.AbstractEventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/** An executor whose tasks run when the test says so; those with a delay have to wait for the next time. One thread. */
@SuppressWarnings("deprecation")
final class HandLoop extends AbstractEventExecutor {
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final ArrayDeque<Runnable> delayed = new ArrayDeque<>();

    /** Runs what has been handed in, and what that hands in; false when there was nothing. */
    boolean runAll() {
        boolean any = false;
        tasks.addAll(delayed);
        delayed.clear();
        for (Runnable task; (task = tasks.poll()) != null; any = true) {
            task.run();
        }
        return any;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    /** Nothing here looks at the future. */
    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        delayed.add(task);
        return null;
    }

    @Override
    public boolean inEventLoop(Thread thread) {
        return true;
    }

    @Override
    public boolean isShuttingDown() {
        return false;
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        return terminationFuture();
    }

    @Override
    public Future<?> terminationFuture() {
        return newSucceededFuture(null);
    }

    @Override
    public void shutdown() {}

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
    }
}
