package io.weir.server.auth;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Verifies passwords against bcrypt hashes on a thread of its own, one at a time, since each costs a processor for a tenth
 * of a second. Results are remembered by a keyed hash of user, hash and password; those who ask the same meanwhile share
 * one verification. At most {@link #QUEUE_MAX} wait. Any thread.
 */
public final class PasswordCheck implements AutoCloseable {
    /** Verifications that wait; at cost 10 the last waits about ten seconds. */
    static final int QUEUE_MAX = 128;
    /** Results remembered of each kind; when there are more, all of that kind are forgotten. */
    static final int REMEMBERED_MAX = 1_000;
    /** Requests that wait for one and the same verification. */
    static final int SHARED_MAX = 10_000;

    /** Told the result, on the thread that verifies; {@code first} when the verification was begun for it. */
    @FunctionalInterface
    interface Listener {
        void verified(boolean right, boolean first);
    }

    /** What was made of a question. */
    enum Answer {
        RIGHT,
        WRONG,
        /** A verification begins. */
        BEGUN,
        /** Another request's verification will do. */
        SHARED,
        BUSY
    }

    private final ThreadPoolExecutor executor;
    private final Set<Digest> right = new HashSet<>();
    private final Set<Digest> wrong = new HashSet<>();
    private final Map<Digest, List<Listener>> pending = new HashMap<>();
    private final LongAdder verifications = new LongAdder();

    public PasswordCheck() {
        executor = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUE_MAX), task -> {
            Thread thread = new Thread(task, "weir-password");
            thread.setDaemon(true);
            return thread;
        });
        executor.allowCoreThreadTimeOut(true);
    }

    /**
     * Asks whether this is the password.
     *
     * @param listener called unless the answer is given at once or {@link Answer#BUSY}
     */
    Answer ask(String user, Bcrypt hash, String password, Listener listener) {
        Digest key = Digest.of(user, hash.text(), password);
        synchronized (this) {
            if (right.contains(key)) {
                return Answer.RIGHT;
            }
            if (wrong.contains(key)) {
                return Answer.WRONG;
            }
            List<Listener> waiting = pending.get(key);
            if (waiting != null) {
                if (waiting.size() >= SHARED_MAX) {
                    return Answer.BUSY;
                }
                waiting.add(listener);
                return Answer.SHARED;
            }
            try {
                executor.execute(() -> verify(key, hash, password));
            } catch (RejectedExecutionException full) {
                return Answer.BUSY;
            }
            pending.put(key, new ArrayList<>(List.of(listener)));
            return Answer.BEGUN;
        }
    }

    private void verify(Digest key, Bcrypt hash, String password) {
        boolean good = false;
        try {
            good = hash.verify(password);
        } finally {
            verifications.increment();
            List<Listener> waiting;
            synchronized (this) {
                Set<Digest> known = good ? right : wrong;
                if (known.size() >= REMEMBERED_MAX) {
                    known.clear();
                }
                known.add(key);
                waiting = pending.remove(key);
            }
            for (int i = 0; i < waiting.size(); i++) {
                waiting.get(i).verified(good, i == 0);
            }
        }
    }

    /** Verifications done so far. */
    public long verifications() {
        return verifications.sum();
    }

    /** Ends the thread; whoever still waits is not told. */
    @Override
    public void close() {
        executor.shutdownNow();
    }
}
