package io.weir.expose;

import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.Snapshot;
import java.util.Collection;
import java.util.List;

/** The forms in which a snapshot can be read. */
public enum ExpositionFormat {
    /** Prometheus text 0.0.4. */
    TEXT(TextExposition.CONTENT_TYPE, 't', TextExposition::new, TextExposition::new),
    /** The JSON map of {@link JsonExposition}. */
    JSON(JsonExposition.CONTENT_TYPE, 'j', JsonExposition::new, JsonExposition::new),
    /** OpenMetrics 1.0 text. */
    OPEN_METRICS(OpenMetricsExposition.CONTENT_TYPE, 'o', OpenMetricsExposition::new, OpenMetricsExposition::new),
    /** OpenMetrics 1.0 text in which series say when they began. */
    OPEN_METRICS_CREATED(
            OpenMetricsExposition.CONTENT_TYPE,
            'c',
            OpenMetricsExposition::withCreated,
            OpenMetricsExposition::withCreated),
    /** Delimited protobuf. */
    PROTOBUF(ProtobufExposition.CONTENT_TYPE, 'p', ProtobufExposition::new, ProtobufExposition::new);

    private interface Whole {
        Exposition open(List<FamilySnapshot> families, int blockBytes);
    }

    private interface Selected {
        Exposition open(Snapshot snapshot, Collection<String> names);
    }

    private final String contentType;
    private final char tag;
    private final Whole whole;
    private final Selected selected;

    ExpositionFormat(String contentType, char tag, Whole whole, Selected selected) {
        this.contentType = contentType;
        this.tag = tag;
        this.whole = whole;
        this.selected = selected;
    }

    /** One letter, no two formats the same. */
    char tag() {
        return tag;
    }

    /** Value of the Content-Type header. */
    public String contentType() {
        return contentType;
    }

    Exposition open(Snapshot snapshot, int blockBytes) {
        return whole.open(snapshot.families(), blockBytes);
    }

    /**
     * A renderer of the families that {@code names} select: by family name, or by a sample name of a histogram or summary.
     */
    public Exposition open(Snapshot snapshot, Collection<String> names) {
        return selected.open(snapshot, names);
    }
}
