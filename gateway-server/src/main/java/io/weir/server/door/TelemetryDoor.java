package io.weir.server.door;

import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import io.weir.server.telemetry.Telemetry;

/** {@code /-/metrics}: the gateway's own metrics, never the users' series. Any thread. */
final class TelemetryDoor implements Door {
    private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private final Telemetry telemetry;

    TelemetryDoor(Telemetry telemetry) {
        this.telemetry = telemetry;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        byte[] text = telemetry.render();
        responder.send(TEXT, text, 0, text.length);
        return Exchange.NONE;
    }
}
