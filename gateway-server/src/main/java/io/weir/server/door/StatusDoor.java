package io.weir.server.door;

import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.util.function.Supplier;

/** {@code /-/healthy} and {@code /-/ready}: 200 {@code OK}, or 503 with the reason. Any thread. */
final class StatusDoor implements Door {
    private static final Answer OK = Answer.text(200, "OK");

    private final Supplier<String> problem;

    /** Asks {@code problem} each time: null means all is well. */
    StatusDoor(Supplier<String> problem) {
        this.problem = problem;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        String reason = problem.get();
        if (reason == null) {
            responder.send(OK);
        } else {
            responder.fail(503, reason, "Retry-After", "1");
        }
        return Exchange.NONE;
    }
}
