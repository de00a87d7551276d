package io.weir.server.door;

import io.weir.server.http.Answer;
import io.weir.server.http.Request;
import java.util.Locale;
import java.util.function.Function;

/** What an accepted push survives when its answer is given; the value of {@code X-Weir-Durability}. */
public enum Ack {
    /** Nothing: it is in memory. */
    MEMORY,
    /** The end of the process: it is written to the journal. */
    PROCESS,
    /** A power cut: it is forced to the disk. */
    DISK;

    static final String HEADER = "X-Weir-Durability";

    /** As in headers and parameters. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Null when there is none of this label. */
    static Ack of(String label) {
        for (Ack ack : values()) {
            if (ack.label().equals(label)) {
                return ack;
            }
        }
        return null;
    }

    /** What is wrong with a label of which there is none. */
    static String unknown(String label) {
        return "unknown durability \"" + label + "\", there are memory, process and disk";
    }

    /** One answer for each, by ordinal, made before it is needed. */
    static Answer[] answers(Function<Ack, Answer> make) {
        Answer[] answers = new Answer[values().length];
        for (Ack ack : values()) {
            answers[ack.ordinal()] = make.apply(ack);
        }
        return answers;
    }

    /** What a request asks for, by a header or, where the query is not for labels, {@code ?ack=}; null for nothing. */
    static String asked(Request request, boolean labelsInQuery) {
        String asked = request.header(HEADER);
        return asked != null || labelsInQuery || request.query() == null ? asked : request.parameter("ack");
    }
}
