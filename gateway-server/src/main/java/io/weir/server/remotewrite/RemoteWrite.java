package io.weir.server.remotewrite;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All remote_write endpoints on one outputs thread, each with its own state. The thread sleeps until the next interval, an
 * answer or a snapshot. Any thread may read {@link #stats()} and {@link #close()}.
 */
public final class RemoteWrite implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteWrite.class);

    /** So that a wake-up that went astray costs a second at most. */
    private static final long IDLE_NANOS_MAX = 1_000_000_000L;

    /** What the last flush may take beyond its own time before its thread is given up. */
    private static final long CLOSE_MARGIN_MILLIS = 1_000;

    private final List<RemoteWriter> writers = new ArrayList<>();
    private final List<HttpTransport> transports = new ArrayList<>();
    private final List<RemoteWriteStats> stats;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final long finalFlushMillis;
    private final AgentRunner runner;
    private volatile Thread thread;

    private RemoteWrite(List<RemoteWriteConfig> endpoints, SnapshotSource source, String version) {
        long longest = 0;
        for (RemoteWriteConfig endpoint : endpoints) {
            HttpTransport transport = new HttpTransport(endpoint.tuning().connectTimeout());
            transports.add(transport);
            writers.add(new RemoteWriter(
                    writers.size(),
                    endpoint,
                    "Weir/" + version,
                    source,
                    transport,
                    SystemEpochClock.INSTANCE,
                    SystemNanoClock.INSTANCE,
                    RandomGenerator.getDefault(),
                    this::wake));
            longest = Math.max(longest, endpoint.tuning().finalFlush().toMillis());
        }
        this.finalFlushMillis = longest;
        this.stats = writers.stream().map(RemoteWriter::stats).toList();
        this.runner = new AgentRunner(new Parking(), this::failed, null, new Writers());
    }

    /**
     * Starts the outputs thread. Without endpoints nothing is started, and no HTTP client loaded.
     *
     * @param source must go on answering until {@link #close()} has returned
     */
    public static RemoteWrite start(List<RemoteWriteConfig> endpoints, SnapshotSource source, String version) {
        RemoteWrite remoteWrite = new RemoteWrite(endpoints, source, version);
        if (!endpoints.isEmpty()) {
            remoteWrite.thread = AgentRunner.startOnThread(remoteWrite.runner);
        }
        return remoteWrite;
    }

    /** All endpoints have dealt with the series that ended up to this sequence number. Any thread. */
    public long endedDone() {
        long done = Long.MAX_VALUE;
        for (RemoteWriter writer : writers) {
            done = Math.min(done, writer.endedDone());
        }
        return done;
    }

    /** Counters of each endpoint, in the order of the configuration. */
    public List<RemoteWriteStats> stats() {
        return stats;
    }

    /** Sends the state of the store once more, within the time for the final flush, and ends the thread. */
    @Override
    public void close() {
        if (thread == null) {
            return;
        }
        writers.forEach(RemoteWriter::stop);
        try {
            if (!stopped.await(finalFlushMillis + CLOSE_MARGIN_MILLIS, TimeUnit.MILLISECONDS)) {
                LOG.warn("remote_write: the last flush did not end in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        runner.close();
        transports.forEach(HttpTransport::close);
    }

    private void wake() {
        LockSupport.unpark(thread);
    }

    private void failed(Throwable problem) {
        if (!(problem instanceof AgentTerminationException)) {
            LOG.error("remote_write: unexpected failure", problem);
        }
    }

    /** Round of all writers; ends when all have stopped. */
    private final class Writers implements Agent {
        @Override
        public int doWork() {
            int work = 0;
            boolean isStopped = true;
            for (RemoteWriter writer : writers) {
                try {
                    work += writer.doWork();
                } catch (RuntimeException e) {
                    LOG.error("{}: unexpected failure", writer.stats().sink(), e);
                    writer.abort();
                }
                isStopped &= writer.isStopped();
            }
            if (isStopped) {
                throw new AgentTerminationException();
            }
            return work;
        }

        @Override
        public void onClose() {
            stopped.countDown();
        }

        @Override
        public String roleName() {
            return "weir-outputs";
        }
    }

    /** Parks for as long as no writer has anything to do; {@link #wake()} ends it. */
    private final class Parking implements IdleStrategy {
        @Override
        public void idle(int workCount) {
            if (workCount <= 0) {
                idle();
            }
        }

        @Override
        public void idle() {
            long nanos = IDLE_NANOS_MAX;
            for (RemoteWriter writer : writers) {
                nanos = writer.isStopped() ? nanos : Math.min(nanos, writer.idleNanos());
            }
            if (nanos > 0) {
                LockSupport.parkNanos(this, nanos);
            }
        }

        @Override
        public void reset() {}

        @Override
        public String alias() {
            return "parking";
        }
    }
}
