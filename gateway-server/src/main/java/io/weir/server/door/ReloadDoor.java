package io.weir.server.door;

import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * {@code /-/reload}: reads the configuration again; 200 when it is in force, 400 with the error when the old one stays,
 * 403 unless the lifecycle API is enabled. Reading files is slow, so it happens on a thread of its own, one at a time. Any
 * thread.
 */
final class ReloadDoor implements Door {
    static final String DISABLED = "Lifecycle API is not enabled. (--web.enable-lifecycle)";

    private static final Answer DONE = Answer.empty(200);

    private final boolean enabled;
    private final Supplier<String> reload;
    private final AtomicBoolean busy = new AtomicBoolean();

    /** Calls {@code reload}, which gives the error, or null for success. */
    ReloadDoor(boolean enabled, Supplier<String> reload) {
        this.enabled = enabled;
        this.reload = reload;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        if (!enabled) {
            responder.fail(403, DISABLED);
        } else if (busy.compareAndSet(false, true)) {
            Thread thread = new Thread(() -> run(responder), "reload");
            thread.setDaemon(true);
            thread.start();
        } else {
            responder.fail(503, "a reload is going on", "Retry-After", "1");
        }
        return Exchange.NONE;
    }

    private void run(Responder responder) {
        String error;
        try {
            error = reload.get();
        } catch (RuntimeException bug) {
            error = bug.toString();
        } finally {
            busy.set(false);
        }
        String problem = error;
        responder.later(() -> {
            if (problem == null) {
                responder.send(DONE);
            } else {
                responder.fail(400, problem);
            }
        });
    }
}
