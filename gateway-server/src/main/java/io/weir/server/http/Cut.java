package io.weir.server.http;

/** Why the server ends a connection in the middle of an answer, by the word for {@code weir_connections_cut_total{reason}}. */
enum Cut {
    /** The peer has taken nothing for {@code Limits.Http.stallSeconds}. */
    STALLED("answer_stalled"),
    /** It has taken less than {@code Limits.Http.answerRateBytes} a second. */
    SLOW("answer_rate"),
    /** Others need the memory, {@code Limits.Http.unreadBytes}. */
    UNREAD("unread");

    private final String reason;

    Cut(String reason) {
        this.reason = reason;
    }

    String reason() {
        return reason;
    }
}
