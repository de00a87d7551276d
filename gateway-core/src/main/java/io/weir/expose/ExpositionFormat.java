package io.weir.expose;

import io.weir.snapshot.Snapshot;
import java.util.Collection;

/** The forms in which a snapshot can be read. */
public enum ExpositionFormat {
    /** Prometheus text 0.0.4. */
    TEXT(TextExposition.CONTENT_TYPE, 't') {
        @Override
        Exposition open(Snapshot snapshot, int blockBytes) {
            return new TextExposition(snapshot.families(), blockBytes);
        }

        @Override
        public Exposition open(Snapshot snapshot, Collection<String> names) {
            return new TextExposition(snapshot, names);
        }
    },
    /** The JSON map of {@link JsonExposition}. */
    JSON(JsonExposition.CONTENT_TYPE, 'j') {
        @Override
        Exposition open(Snapshot snapshot, int blockBytes) {
            return new JsonExposition(snapshot.families(), blockBytes);
        }

        @Override
        public Exposition open(Snapshot snapshot, Collection<String> names) {
            return new JsonExposition(snapshot, names);
        }
    },
    /** OpenMetrics 1.0 text. */
    OPEN_METRICS(OpenMetricsExposition.CONTENT_TYPE, 'o') {
        @Override
        Exposition open(Snapshot snapshot, int blockBytes) {
            return new OpenMetricsExposition(snapshot.families(), blockBytes);
        }

        @Override
        public Exposition open(Snapshot snapshot, Collection<String> names) {
            return new OpenMetricsExposition(snapshot, names);
        }
    },
    /** Delimited protobuf. */
    PROTOBUF(ProtobufExposition.CONTENT_TYPE, 'p') {
        @Override
        Exposition open(Snapshot snapshot, int blockBytes) {
            return new ProtobufExposition(snapshot.families(), blockBytes);
        }

        @Override
        public Exposition open(Snapshot snapshot, Collection<String> names) {
            return new ProtobufExposition(snapshot, names);
        }
    };

    private final String contentType;
    private final char tag;

    ExpositionFormat(String contentType, char tag) {
        this.contentType = contentType;
        this.tag = tag;
    }

    /** One letter, no two formats the same. */
    char tag() {
        return tag;
    }

    /** Value of the Content-Type header. */
    public String contentType() {
        return contentType;
    }

    abstract Exposition open(Snapshot snapshot, int blockBytes);

    /**
     * A renderer of the families that {@code names} select: by family name, or by a sample name of a histogram or summary.
     */
    public abstract Exposition open(Snapshot snapshot, Collection<String> names);
}
