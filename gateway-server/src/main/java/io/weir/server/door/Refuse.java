package io.weir.server.door;

import io.weir.sample.Code;
import io.weir.server.http.Responder;

/** Turns an outcome of reading or staging input into a status. Any thread. */
final class Refuse {
    /** Seconds until more series may have room: a time to live or a deletion has to make it. */
    static final String LIMIT_SECONDS = "30";

    private Refuse() {}

    static void with(Responder responder, Code code, String message) {
        switch (code) {
            case TOO_MANY_SAMPLES -> responder.fail(413, message);
            case SERIES_LIMIT, FAMILY_SERIES_LIMIT, FAMILY_LIMIT -> responder.fail(429, message, "Retry-After", LIMIT_SECONDS);
            case TABLE_FULL, SERIES_ENDED, JOURNAL_FAILING -> responder.fail(503, message, "Retry-After", "1");
            default -> responder.fail(400, message);
        }
    }

    /** The keeper's queue is full. */
    static void busy(Responder responder) {
        responder.fail(503, "too many deletions and scrapes are waiting, try again", "Retry-After", "1");
    }

    /** The code's text with what only this request knows. */
    static String text(Code code, String detail) {
        return detail == null || detail.isEmpty() ? code.text() : code.text() + " (" + detail + ")";
    }
}
