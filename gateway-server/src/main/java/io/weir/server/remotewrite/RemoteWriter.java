package io.weir.server.remotewrite;

import io.weir.expose.SnappyBlock;
import io.weir.server.remotewrite.RemoteWriteConfig.Tuning;
import io.weir.server.remotewrite.RemoteWriteStats.Outcome;
import io.weir.server.remotewrite.Transport.Reply;
import io.weir.snapshot.Snapshot;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.NanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the store to one remote_write endpoint, as 1.0 or 2.0: each interval a snapshot, cut into requests, all samples of
 * a flush under one timestamp. It does a little whenever {@link #doWork()} is called, never waits, and reads its clocks
 * through what it was given.
 *
 * <ol>
 *   <li>Timestamps of a flush are above those of the flush before, and a flush begins only when no request of the one
 *       before is under way. So a series never goes back in time, and never has two values for one timestamp.
 *   <li>No answer, 429 and 5xx: the same bytes again, after a delay that doubles and is half random, or after
 *       {@code Retry-After}. While the endpoint fails, one request at a time probes it. When the next interval comes first,
 *       a newer snapshot takes the place of what was not delivered: an outage costs resolution, not memory and not data.
 *   <li>400, 409, 413, 422: cut in halves, again and again, until the bad series are alone and dropped. The same is done
 *       with a body that meets an internal server error time after time; a flush that replaces another begins behind
 *       the request that failed, so such a body never stands in the way of others.
 *   <li>Other answers condemn the rest of the flush: it would fare no better.
 *   <li>What the endpoint did not understand as 2.0 goes out again as 1.0, see {@link ProtocolChoice}. A 2.0 receiver that
 *       has written a part of a request is believed: the rest is counted, and nothing is sent again.
 *   <li>An exemplar goes out with its series until a 2.0 receiver has answered for it, whatever it made of it.
 * </ol>
 *
 * <p>Outputs thread only, but for {@link #stop()}, {@link #stats()} and the snapshot receiver. Sources: Prometheus remote
 * write specifications 1.0 and 2.0-rc.4; RFC 9110 for {@code Retry-After}.
 */
final class RemoteWriter {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteWriter.class);

    /** Between two log lines about failures of one endpoint. */
    private static final long LOG_INTERVAL_NANOS = 30_000_000_000L;

    /** Before a snapshot is asked for again when the request could not be taken. */
    private static final long SNAPSHOT_RETRY_NANOS = 50_000_000L;

    /** A flush may spend as much on finding bad series as this many of its requests. */
    private static final int SPLIT_REQUESTS_PER_FLUSH = 8;

    /** Longest delay in the last flush, which has no time to lose. */
    private static final long LAST_BACKOFF_NANOS_MAX = 1_000_000_000L;

    private enum State {
        /** For the next interval, or for the end of the backoff. */
        WAITING,
        /** Asked for. */
        SNAPSHOT,
        SENDING,
        STOPPED
    }

    private final RemoteWriteConfig config;
    private final Tuning tuning;
    private final SnapshotSource source;
    private final Transport transport;
    private final EpochClock epochClock;
    private final NanoClock nanoClock;
    private final RandomGenerator random;
    private final Runnable wake;
    private final RequestHeaders requestHeaders;
    private final RemoteWriteStats stats;

    private final ProtocolChoice protocol;
    private final SentExemplars sentExemplars = new SentExemplars();

    private final WriteRequestEncoder encoder = new WriteRequestEncoder();
    private final RequestV2Encoder encoderV2 = new RequestV2Encoder(new SecureRandom());
    private final SnappyBlock snappy = new SnappyBlock();
    private final AtomicReference<Snapshot> arrived = new AtomicReference<>();
    private final Lane[] lanes;
    private int nextLane;

    private State state = State.WAITING;
    private long nextFlush;
    /** No request is sent before this, because of failures. */
    private long notBefore;
    /** Failed requests since the last that succeeded. */
    private int failures;

    /** Requests that succeeded. */
    private long successes;
    /** Server errors that a body may have caused, since the last request that succeeded. */
    private int suspicions;
    /** A failure was logged, so the end of failures is too. */
    private boolean isFailureLogged;

    /** A receiver that calls requests too large lowers this for good. */
    private int seriesPerRequest;

    private Flush flush;
    private Flush.Place start = Flush.Place.FIRST;
    private final Map<Message, List<String>> headers = new EnumMap<>(Message.class);
    private List<String> secrets = new ArrayList<>();
    /** What the last change of the message was to, so that a trial in vain is not told again; null before the first. */
    private Message lastFallback;
    private long lastTimestamp;
    /** Ended series up to this sequence number have been marked. Written by the outputs thread, between requests only. */
    private volatile long endedDone;
    /** The flush under way has given up series that deserve another flush. */
    private boolean abandoned;
    private long delivered;
    /** Further requests that the flush may spend on finding bad series. */
    private int splitsLeft;

    private volatile boolean stopRequested;
    private boolean stopping;
    private boolean isLast;
    private long stopAt;

    private long nextLog;
    private long unlogged;

    /**
     * @param index place of the endpoint in the configuration
     * @param wake called from any thread when {@link #doWork()} has something to do
     */
    RemoteWriter(
            int index,
            RemoteWriteConfig config,
            String userAgent,
            SnapshotSource source,
            Transport transport,
            EpochClock epochClock,
            NanoClock nanoClock,
            RandomGenerator random,
            Runnable wake) {
        this.config = config;
        this.tuning = config.tuning();
        this.source = source;
        this.transport = transport;
        this.epochClock = epochClock;
        this.nanoClock = nanoClock;
        this.random = random;
        this.wake = wake;
        this.requestHeaders = new RequestHeaders(config, userAgent);
        this.protocol = new ProtocolChoice(config.protocol());
        this.stats = new RemoteWriteStats("remote_write_" + index, config.host(), epochClock.time());
        this.seriesPerRequest = tuning.seriesPerRequest();
        this.lanes = new Lane[tuning.requestsInFlight()];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = new Lane(tuning.splitsPerRequest());
        }
        long now = nanoClock.nanoTime();
        this.nextFlush = now + config.interval().toNanos();
        this.notBefore = now;
        this.nextLog = now;
    }

    RemoteWriteStats stats() {
        return stats;
    }

    /** Ended series up to this sequence number need no marker of this endpoint any more. Any thread. */
    long endedDone() {
        return endedDone;
    }

    /** Asks for one last flush, which {@link #isStopped()} ends. Any thread. */
    void stop() {
        stopRequested = true;
        wake.run();
    }

    boolean isStopped() {
        return state == State.STOPPED;
    }

    /** Nanoseconds until there is something to do, unless {@code wake} says so before. */
    long idleNanos() {
        long now = nanoClock.nanoTime();
        long next = stopping ? stopAt : Long.MAX_VALUE + now;
        switch (state) {
            case WAITING -> next = earlier(next, stopping ? notBefore : later(nextFlush, notBefore));
            case SENDING -> {
                boolean waits = true;
                for (Lane lane : lanes) {
                    if (lane.isInFlight()) {
                        next = earlier(next, lane.deadline);
                        waits = false;
                    }
                }
                if (waits) {
                    next = earlier(next, failures > 0 && !isLast ? earlier(notBefore, nextFlush) : notBefore);
                }
            }
            default -> {}
        }
        return Math.max(0, next - now);
    }

    private static long earlier(long a, long b) {
        return a - b < 0 ? a : b;
    }

    private static long later(long a, long b) {
        return a - b < 0 ? b : a;
    }

    int doWork() {
        if (state == State.STOPPED) {
            return 0;
        }
        long now = nanoClock.nanoTime();
        if (stopRequested && !stopping) {
            stopping = true;
            stopAt = now + tuning.finalFlush().toNanos();
            notBefore = now;
        }

        int work = 0;
        for (Lane lane : lanes) {
            work += poll(lane, now);
        }
        work += switch (state) {
            case WAITING -> await(now);
            case SNAPSHOT -> take();
            case SENDING -> advance(now);
            case STOPPED -> 0;
        };
        if (stopping && now - stopAt >= 0 && state != State.STOPPED) {
            cutShort();
        }
        showPending();
        return work;
    }

    /** Recovers from a bug of ours: forgets the flush and rests for the longest backoff. */
    void abort() {
        long left = flush == null ? 0 : flush.cut();
        for (Lane lane : lanes) {
            if (lane.isInFlight()) {
                lane.reply.cancel(true);
                lane.reply = null;
            }
            left += lane.abandon();
        }
        stats.supersede(left);
        stats.flushFailed();
        flush = null;
        start = Flush.Place.FIRST;
        notBefore = nanoClock.nanoTime() + tuning.backoffMax().toNanos();
        state = stopping ? State.STOPPED : State.WAITING;
    }

    // snapshots

    private int await(long now) {
        boolean isDue = stopping || now - nextFlush >= 0;
        if (!isDue || now - notBefore < 0) {
            return 0;
        }
        arrived.set(null);
        isLast = stopping;
        if (!source.request(endedDone, this::arrive)) {
            notBefore = now + SNAPSHOT_RETRY_NANOS;
            return 0;
        }
        state = State.SNAPSHOT;
        long interval = config.interval().toNanos();
        if (now - nextFlush >= 0) {
            nextFlush += (now - nextFlush) / interval * interval + interval;
        }
        return 1;
    }

    private void arrive(Snapshot snapshot) {
        arrived.set(snapshot);
        wake.run();
    }

    private int take() {
        Snapshot snapshot = arrived.getAndSet(null);
        if (snapshot == null) {
            return 0;
        }
        if (stopping && !isLast) {
            state = State.WAITING; // it may have been taken before the last push
            return 1;
        }
        begin(snapshot);
        return 1;
    }

    private void begin(Snapshot snapshot) {
        long lost = snapshot.endedFrom() - 1 - endedDone;
        if (lost > 0) {
            stats.markersLost(lost);
            endedDone = endedDone + lost;
        }
        lastTimestamp = Math.max(epochClock.time(), lastTimestamp + 1);
        protocol.flushBegins(nanoClock.nanoTime());
        sentExemplars.retain(snapshot);
        flush = new Flush(snapshot, lastTimestamp, start, protocol.message() == Message.V2 ? sentExemplars : null);
        abandoned = false;
        delivered = 0;
        splitsLeft = SPLIT_REQUESTS_PER_FLUSH * tuning.splitsPerRequest();
        state = State.SENDING;
        if (flush.total() == 0) {
            return;
        }
        stats.flush();
        List<String> kept = new ArrayList<>();
        try {
            List<String> common = requestHeaders.read(kept);
            for (Message message : Message.values()) {
                headers.put(message, RequestHeaders.with(message, common));
            }
            secrets = kept;
        } catch (IOException e) {
            log(flush.total() + " samples dropped: " + e.getMessage());
            giveUp(DropReason.CREDENTIALS);
        }
    }

    // requests

    private int advance(long now) {
        int inFlight = 0;
        for (Lane lane : lanes) {
            inFlight += lane.isInFlight() ? 1 : 0;
        }
        if (stopping && !isLast) {
            if (inFlight == 0) {
                supersede();
            }
            return 0;
        }
        if (inFlight == 0 && failures > 0 && !isLast && now - nextFlush >= 0) {
            supersede();
            stats.flushFailed();
            return 1;
        }
        if (inFlight == 0 && failures > 0 && epochClock.time() - flush.timestamp() > tuning.retryAgeMax().toMillis()) {
            giveUp(DropReason.TOO_OLD);
        }
        if (now - notBefore < 0) {
            if (isLast && notBefore - stopAt >= 0) {
                cutShort();
            }
            return 0;
        }

        int sent = 0;
        boolean isDone = inFlight == 0;
        for (int i = 0; i < lanes.length && (failures == 0 && !protocol.isTrial() || inFlight == 0); i++) {
            Lane lane = lanes[(nextLane + i) % lanes.length];
            if (!lane.isInFlight() && (!lane.isEmpty() || load(lane))) {
                send(lane, now);
                inFlight++;
                sent++;
                isDone = false;
            }
        }
        if (isDone) {
            complete();
            return 1;
        }
        return sent;
    }

    private boolean load(Lane lane) {
        lane.series.clear();
        boolean any = flush.fill(encoder, lane.series, seriesPerRequest, tuning.bytesPerRequest());
        lane.load(flush.place());
        return any;
    }

    private void send(Lane lane, long now) {
        byte[] body = lane.body(protocol.message(), encoderV2, snappy);
        stats.sending(body.length, lane.sentBefore());
        CompletableFuture<Reply> reply;
        try {
            reply = transport.send(
                    new Transport.Post(config.url(), headers.get(lane.message()), body, tuning.requestTimeout()));
        } catch (RuntimeException e) {
            reply = CompletableFuture.failedFuture(e);
        }
        lane.sent(reply, now + tuning.requestTimeout().toNanos());
        reply.whenComplete((r, problem) -> wake.run());
    }

    private int poll(Lane lane, long now) {
        CompletableFuture<Reply> reply = lane.reply;
        if (reply == null) {
            return 0;
        }
        if (reply.isDone()) {
            lane.reply = null;
            Throwable problem = problemOf(reply);
            if (problem == null) {
                answer(lane, reply.join(), now);
            } else {
                stats.request(Outcome.NETWORK);
                again(lane, describe(problem), RetryAfter.NONE, now);
            }
            return 1;
        }
        if (now - lane.deadline >= 0) {
            lane.reply = null;
            reply.cancel(true);
            stats.request(Outcome.NETWORK);
            again(lane, "no answer within " + tuning.requestTimeout().toMillis() + " ms", RetryAfter.NONE, now);
            return 1;
        }
        return 0;
    }

    private static Throwable problemOf(CompletableFuture<Reply> reply) {
        Throwable problem = reply.handle((r, p) -> p).join();
        while (problem != null && problem.getCause() != null
                && problem instanceof java.util.concurrent.CompletionException) {
            problem = problem.getCause();
        }
        return problem;
    }

    private String describe(Throwable problem) {
        String message = problem.getMessage();
        String name = problem.getClass().getSimpleName();
        return message == null ? name : name + ' ' + ReceiverText.of(message, secrets);
    }

    private void answer(Lane lane, Reply reply, long now) {
        int status = reply.status();
        stats.request(Outcome.of(status));
        switch (protocol.judge(lane.message(), reply, now)) {
            case OTHER_MESSAGE -> fallBack(lane.message(), text(reply));
            case NOTHING_WRITTEN -> condemn(lane, DropReason.ENDPOINT, text(reply) + " that does not say what was written");
            case ANSWERED -> answer(lane, status, reply, now);
        }
    }

    private void answer(Lane lane, int status, Reply reply, long now) {
        if (status >= 200 && status < 300) {
            settle(lane, reply);
        } else if (status == 429 || status >= 500) {
            // 502, 503 and 504 speak of the receiver, other server errors may speak of the body
            if (status < 500 || status >= 502 && status <= 504 || !serverError(lane, reply)) {
                again(lane, text(reply), RetryAfter.millis(reply.retryAfter(), epochClock.time()), now);
            }
        } else if (status == 413) {
            seriesPerRequest = Math.max(1, Math.min(seriesPerRequest, lane.size() / 2));
            refuse(lane, reply, DropReason.TOO_LARGE);
        } else if (status == 400 || status == 409 || status == 422) {
            Written written = reply.written();
            boolean isPartial =
                    lane.message() == Message.V2 && written != null && (written.samples() > 0 || written.histograms() > 0);
            if (isPartial) {
                settle(lane, reply);
            } else {
                refuse(lane, reply, DropReason.REFUSED);
            }
        } else {
            boolean isUnauthorized = status == 401 || status == 403;
            condemn(lane, isUnauthorized ? DropReason.UNAUTHORIZED : DropReason.ENDPOINT, text(reply));
        }
    }

    private void condemn(Lane lane, DropReason reason, String why) {
        log(why + "; the flush is dropped");
        stats.drop(reason, lane.abandon());
        giveUp(reason);
    }

    /** The run at hand goes out again at once, as the other message. */
    private void fallBack(Message not, String why) {
        stats.protocol(protocol.message());
        if (protocol.message() != lastFallback) {
            LOG.info("{} ({}): the receiver does not understand remote_write {} ({}); it is sent {}",
                    stats.sink(), stats.host(), not.text(), why, protocol.message().text());
        }
        lastFallback = protocol.message();
    }

    /** Counts what the receiver has written of the run at hand, which is done with. */
    private void settle(Lane lane, Reply reply) {
        int sent = lane.size() - (lane.message() == Message.V1 ? lane.natives() : 0);
        int written = sent;
        if (lane.message() == Message.V2) {
            // the marker of a native histogram is a sample
            long all = reply.written().samples() + reply.written().histograms();
            written = (int) Math.min(written, Math.max(0, all));
            exemplars(lane, reply.written());
        }
        int unwritten = sent - written;
        if (unwritten > 0) {
            boolean isSuccess = reply.status() < 300;
            log(text(reply) + "; " + unwritten + " of " + sent + " samples not written");
            stats.drop(isSuccess ? DropReason.UNWRITTEN : DropReason.REFUSED, unwritten);
        }
        stats.protocol(lane.message());
        succeed(lane, written);
    }

    /** What the receiver did not take it will not take the next time either: it has a later one, or no room. */
    private void exemplars(Lane lane, Written written) {
        int sent = lane.exemplars();
        int kept = (int) Math.min(sent, written.exemplars());
        stats.exemplars(kept, sent - kept);
        lane.exemplarsTo(sentExemplars);
    }

    /**
     * Weighs whether it is the body that the receiver stumbles over: it failed time after time, and others passed. Then it is
     * taken apart without delay. When nothing passes, as in an outage, halves are tried once and the endpoint is at fault
     * until one of them passes.
     *
     * @return false when the run at hand is to be sent again after a delay
     */
    private boolean serverError(Lane lane, Reply reply) {
        suspicions++;
        if (lane.serverErrors + 1 >= tuning.triesPerBody() && protocol.giveUpTrial(nanoClock.nanoTime())) {
            lane.serverErrors = 0;
            suspicions = 0;
            fallBack(lane.message(), text(reply));
            return true;
        }
        if (lane.serverErrors++ == 0 && !lane.isSuspect) {
            lane.successesBefore = successes;
        }
        boolean othersPass = successes > lane.successesBefore;
        if (!lane.isSuspect) {
            if (Math.max(suspicions, lane.serverErrors) < tuning.triesPerBody()) {
                return false;
            }
            lane.isSuspect = true;
            if (!othersPass) {
                return split(lane);
            }
        }
        if (othersPass) {
            refuse(lane, reply, DropReason.POISON);
            return true;
        }
        lane.failedParts++;
        if (split(lane)) {
            return lane.failedParts == 1;
        }
        lane.postpone();
        return false;
    }

    private void succeed(Lane lane, int written) {
        successes++;
        suspicions = 0;
        stats.delivered(written, Math.min(lane.markers(), written), epochClock.time());
        delivered += written;
        lane.settled();
        if (isFailureLogged) {
            LOG.info("{} ({}): delivering again after {} failed requests", stats.sink(), stats.host(), failures);
        }
        isFailureLogged = false;
        failures = 0;
    }

    /** Leaves the run to be sent again later. */
    private void again(Lane lane, String why, long retryAfterMillis, long now) {
        failures++;
        start = lane.after;
        nextLane = (indexOf(lane) + 1) % lanes.length;
        long longest = tuning.backoffMax().toNanos();
        if (isLast) {
            longest = Math.min(longest, LAST_BACKOFF_NANOS_MAX);
        }
        long most = Math.min(longest, tuning.backoffMin().toNanos() << Math.min(failures - 1, 20));
        long delay = most / 2 + random.nextLong(most / 2 + 1);
        if (retryAfterMillis > 0) {
            long asked = Math.min(retryAfterMillis, tuning.retryAfterMax().toMillis()) * 1_000_000;
            delay = Math.max(delay, asked + random.nextLong(asked / 10 + 1));
        }
        notBefore = later(notBefore, now + delay);
        isFailureLogged |= log(why + "; failure " + failures + ", next try in " + delay / 1_000_000 + " ms");
    }

    private int indexOf(Lane lane) {
        int i = 0;
        while (lanes[i] != lane) {
            i++;
        }
        return i;
    }

    /** Takes the run apart, or drops it when it is one series or there were too many requests for that already. */
    private void refuse(Lane lane, Reply reply, DropReason reason) {
        if (!split(lane)) {
            log(text(reply) + "; " + lane.size() + " series dropped, the first is "
                    + ReceiverText.of(lane.firstName(), secrets));
            stats.drop(reason, lane.size());
            lane.settled();
        }
    }

    private boolean split(Lane lane) {
        if (splitsLeft < 2 || !lane.split()) {
            return false;
        }
        splitsLeft -= 2;
        return true;
    }

    private String text(Reply reply) {
        String location = reply.location() == null || reply.status() >= 400 ? "" : " to another place, not followed";
        return "answer " + reply.status() + location + " '" + ReceiverText.of(reply.body(), secrets) + "'";
    }

    // ends of a flush

    /** Drops what no request has taken and what is not under way. */
    private void giveUp(DropReason reason) {
        abandoned = true;
        stats.drop(reason, flush.cut());
        for (Lane lane : lanes) {
            if (!lane.isInFlight()) {
                stats.drop(reason, lane.abandon());
            }
        }
    }

    private void supersede() {
        long left = flush.cut();
        boolean hadMarkers = false;
        for (Lane lane : lanes) {
            hadMarkers |= lane.hasMarkers();
            left += lane.abandon();
        }
        if (flush.endedHandedOut() && !hadMarkers && !abandoned) {
            endedDone = flush.endedSequence();
        }
        stats.supersede(left);
        flush = null;
        state = State.WAITING;
    }

    private void complete() {
        if (abandoned) {
            stats.flushFailed();
        } else {
            endedDone = flush.endedSequence();
            if (delivered > 0 || flush.total() == 0) {
                stats.flushDelivered(flush.timestamp());
            } else {
                stats.flushFailed();
            }
        }
        start = Flush.Place.FIRST;
        flush = null;
        state = isLast ? State.STOPPED : State.WAITING;
    }

    /** The time for the last flush is over. */
    private void cutShort() {
        long left = flush == null ? 0 : flush.cut();
        for (Lane lane : lanes) {
            if (lane.isInFlight()) {
                lane.reply.cancel(true);
                lane.reply = null;
            }
            left += lane.abandon();
        }
        stats.drop(DropReason.SHUTDOWN, left);
        if (flush == null) {
            LOG.warn("{} ({}): stopped without a last flush", stats.sink(), stats.host());
        } else {
            stats.flushFailed();
            LOG.warn("{} ({}): stopped, {} samples of the last flush not delivered", stats.sink(), stats.host(), left);
        }
        flush = null;
        state = State.STOPPED;
    }

    private void showPending() {
        long series = flush == null ? 0 : flush.remaining();
        long bytes = 0;
        for (Lane lane : lanes) {
            if (!lane.isEmpty()) {
                series += lane.waiting();
                bytes += lane.series.length();
            }
        }
        stats.pending(series, bytes);
    }

    /** One line per half minute; the counters tell the rest. */
    private boolean log(String what) {
        long now = nanoClock.nanoTime();
        if (now - nextLog < 0) {
            unlogged++;
            return false;
        }
        if (unlogged > 0) {
            LOG.warn("{} ({}): {} ({} more since the last line)", stats.sink(), stats.host(), what, unlogged);
        } else {
            LOG.warn("{} ({}): {}", stats.sink(), stats.host(), what);
        }
        unlogged = 0;
        nextLog = now + LOG_INTERVAL_NANOS;
        return true;
    }
}
