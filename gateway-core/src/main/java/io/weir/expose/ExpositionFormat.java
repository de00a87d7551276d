package io.weir.expose;

import io.weir.snapshot.Snapshot;
import java.util.Collection;

/** The forms in which a snapshot can be read. */
public enum ExpositionFormat {
    /** Prometheus text 0.0.4. */
    TEXT(TextExposition.CONTENT_TYPE) {
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
    JSON(JsonExposition.CONTENT_TYPE) {
        @Override
        Exposition open(Snapshot snapshot, int blockBytes) {
            return new JsonExposition(snapshot.families(), blockBytes);
        }

        @Override
        public Exposition open(Snapshot snapshot, Collection<String> names) {
            return new JsonExposition(snapshot, names);
        }
    };

    private final String contentType;

    ExpositionFormat(String contentType) {
        this.contentType = contentType;
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
