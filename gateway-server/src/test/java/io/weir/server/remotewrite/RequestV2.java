package io.weir.server.remotewrite;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Label;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.weir.server.remotewrite.Decoded.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An {@code io.prometheus.write.v2.Request} as protobuf's own library reads it by the published schema; a field that the schema
 * does not have is an error, and so is anything else that the specification forbids.
 */
public record RequestV2(List<String> symbols, List<Series> series) {
    /** @param type word of the enumeration, without its prefix */
    public record Metadata(String type, String help, String unit) {}

    /** @param timestamp milliseconds */
    public record Exemplar(List<Decoded.Label> labels, double value, long timestamp) {}

    /** @param nativeHistogram what it holds instead of samples, or null */
    public record Series(
            Decoded.Series series, List<Long> starts, List<Exemplar> exemplars, Metadata metadata, Message nativeHistogram) {}

    private static final Descriptor REQUEST = schema().findMessageTypeByName("Request");

    /** The same series as a reader of either message sees them. */
    public Decoded decoded() {
        return new Decoded(series.stream().map(Series::series).toList());
    }

    public Series get(String key) {
        return series.stream()
                .filter(s -> s.series().key().equals(key))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + key + " in " + decoded().keys()));
    }

    public List<Exemplar> exemplars() {
        return series.stream().flatMap(s -> s.exemplars().stream()).toList();
    }

    static RequestV2 of(byte[] bytes) {
        try {
            DynamicMessage request = DynamicMessage.parseFrom(REQUEST, bytes);
            check(request.getUnknownFields().asMap().isEmpty(), "unknown fields in " + request);
            List<String> symbols = strings(request, "symbols");
            check(symbols.get(0).isEmpty(), "symbols do not begin with the empty string");
            check(symbols.stream().distinct().count() == symbols.size(), "a symbol twice");
            boolean[] used = new boolean[symbols.size()];
            List<Series> series = new ArrayList<>();
            for (Message s : messages(request, "timeseries")) {
                series.add(series(symbols, used, s));
            }
            for (int i = 1; i < used.length; i++) {
                check(used[i], "symbol " + i + " is not used");
            }
            return new RequestV2(symbols, series);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    private static Series series(List<String> symbols, boolean[] used, Message message) {
        check(message.getUnknownFields().asMap().isEmpty(), "unknown fields in " + message);
        List<Decoded.Label> labels = labels(symbols, used, message);
        List<Sample> samples = new ArrayList<>();
        List<Long> starts = new ArrayList<>();
        for (Message s : messages(message, "samples")) {
            check(s.getUnknownFields().asMap().isEmpty(), "unknown fields in " + s);
            double value = (Double) s.getField(field(s, "value"));
            samples.add(new Sample(Double.doubleToRawLongBits(value), (Long) s.getField(field(s, "timestamp"))));
            starts.add((Long) s.getField(field(s, "start_timestamp")));
        }
        List<Message> histograms = messages(message, "histograms");
        check(samples.isEmpty() != histograms.isEmpty(), "a series with neither or both of samples and histograms");
        for (Message h : histograms) {
            check(h.getUnknownFields().asMap().isEmpty(), "unknown fields in " + h);
        }
        List<Exemplar> exemplars = new ArrayList<>();
        for (Message e : messages(message, "exemplars")) {
            check(e.getUnknownFields().asMap().isEmpty(), "unknown fields in " + e);
            long timestamp = (Long) e.getField(field(e, "timestamp"));
            check(timestamp != 0, "an exemplar without a timestamp");
            exemplars.add(new Exemplar(labels(symbols, used, e), (Double) e.getField(field(e, "value")), timestamp));
        }
        Message metadata = (Message) message.getField(field(message, "metadata"));
        check(metadata.getUnknownFields().asMap().isEmpty(), "unknown fields in " + metadata);
        String type = metadata.getField(field(metadata, "type")).toString().replace("METRIC_TYPE_", "");
        return new Series(
                new Decoded.Series(labels, samples),
                starts,
                exemplars,
                new Metadata(
                        type,
                        symbol(symbols, used, (Integer) metadata.getField(field(metadata, "help_ref"))),
                        symbol(symbols, used, (Integer) metadata.getField(field(metadata, "unit_ref")))),
                histograms.isEmpty() ? null : histograms.get(0));
    }

    private static List<Decoded.Label> labels(List<String> symbols, boolean[] used, Message message) {
        List<Integer> refs = new ArrayList<>();
        for (Object ref : (List<?>) message.getField(field(message, "labels_refs"))) {
            refs.add((Integer) ref);
        }
        check(refs.size() % 2 == 0, "odd number of label references");
        List<Decoded.Label> labels = new ArrayList<>();
        for (int i = 0; i < refs.size(); i += 2) {
            labels.add(new Decoded.Label(symbol(symbols, used, refs.get(i)), symbol(symbols, used, refs.get(i + 1))));
        }
        return labels;
    }

    /** Observations of each bucket that is not empty, by absolute index. */
    static Map<Integer, Double> buckets(Message histogram, String side) {
        List<?> deltas = (List<?>) histogram.getField(field(histogram, side + "_deltas"));
        List<?> counts = (List<?>) histogram.getField(field(histogram, side + "_counts"));
        Map<Integer, Double> buckets = new TreeMap<>();
        int index = 0;
        int place = 0;
        double count = 0;
        for (Message span : messages(histogram, side + "_spans")) {
            index += (Integer) span.getField(field(span, "offset"));
            for (int i = 0; i < (Integer) span.getField(field(span, "length")); i++, index++, place++) {
                count = deltas.isEmpty() ? (Double) counts.get(place) : count + (Long) deltas.get(place);
                if (count != 0) {
                    buckets.put(index, count);
                }
            }
        }
        check(place == Math.max(deltas.size(), counts.size()), "spans and buckets differ");
        return buckets;
    }

    static Object value(Message message, String name) {
        return message.getField(field(message, name));
    }

    private static String symbol(List<String> symbols, boolean[] used, int ref) {
        check(ref >= 0 && ref < symbols.size(), "no symbol " + ref);
        used[ref] = true;
        return symbols.get(ref);
    }

    private static com.google.protobuf.Descriptors.FieldDescriptor field(Message message, String name) {
        return message.getDescriptorForType().findFieldByName(name);
    }

    private static List<String> strings(Message message, String name) {
        return ((List<?>) message.getField(field(message, name))).stream().map(String.class::cast).toList();
    }

    private static List<Message> messages(Message message, String name) {
        return ((List<?>) message.getField(field(message, name))).stream().map(Message.class::cast).toList();
    }

    private static void check(boolean holds, String problem) {
        if (!holds) {
            throw new AssertionError(problem);
        }
    }

    /** The messages, names and numbers of {@code io/prometheus/write/v2/types.proto}, as of specification 2.0-rc.4. */
    private static FileDescriptor schema() {
        FileDescriptorProto file = FileDescriptorProto.newBuilder()
                .setName("types.proto")
                .setSyntax("proto3")
                .setPackage("io.prometheus.write.v2")
                .addMessageType(message(
                        "Request",
                        field("symbols", 4, Type.TYPE_STRING, Label.LABEL_REPEATED),
                        of("TimeSeries", field("timeseries", 5, Type.TYPE_MESSAGE, Label.LABEL_REPEATED))))
                .addMessageType(message(
                        "TimeSeries",
                        field("labels_refs", 1, Type.TYPE_UINT32, Label.LABEL_REPEATED),
                        of("Sample", field("samples", 2, Type.TYPE_MESSAGE, Label.LABEL_REPEATED)),
                        of("Histogram", field("histograms", 3, Type.TYPE_MESSAGE, Label.LABEL_REPEATED)),
                        of("Exemplar", field("exemplars", 4, Type.TYPE_MESSAGE, Label.LABEL_REPEATED)),
                        of("Metadata", field("metadata", 5, Type.TYPE_MESSAGE, Label.LABEL_OPTIONAL))))
                .addMessageType(message(
                        "Sample",
                        field("value", 1, Type.TYPE_DOUBLE, Label.LABEL_OPTIONAL),
                        field("timestamp", 2, Type.TYPE_INT64, Label.LABEL_OPTIONAL),
                        field("start_timestamp", 3, Type.TYPE_INT64, Label.LABEL_OPTIONAL)))
                .addMessageType(message(
                        "Exemplar",
                        field("labels_refs", 1, Type.TYPE_UINT32, Label.LABEL_REPEATED),
                        field("value", 2, Type.TYPE_DOUBLE, Label.LABEL_OPTIONAL),
                        field("timestamp", 3, Type.TYPE_INT64, Label.LABEL_OPTIONAL)))
                .addMessageType(message(
                        "Histogram",
                        field("count_int", 1, Type.TYPE_UINT64, Label.LABEL_OPTIONAL),
                        field("count_float", 2, Type.TYPE_DOUBLE, Label.LABEL_OPTIONAL),
                        field("sum", 3, Type.TYPE_DOUBLE, Label.LABEL_OPTIONAL),
                        field("schema", 4, Type.TYPE_SINT32, Label.LABEL_OPTIONAL),
                        field("zero_threshold", 5, Type.TYPE_DOUBLE, Label.LABEL_OPTIONAL),
                        field("zero_count_int", 6, Type.TYPE_UINT64, Label.LABEL_OPTIONAL),
                        field("zero_count_float", 7, Type.TYPE_DOUBLE, Label.LABEL_OPTIONAL),
                        of("BucketSpan", field("negative_spans", 8, Type.TYPE_MESSAGE, Label.LABEL_REPEATED)),
                        field("negative_deltas", 9, Type.TYPE_SINT64, Label.LABEL_REPEATED),
                        field("negative_counts", 10, Type.TYPE_DOUBLE, Label.LABEL_REPEATED),
                        of("BucketSpan", field("positive_spans", 11, Type.TYPE_MESSAGE, Label.LABEL_REPEATED)),
                        field("positive_deltas", 12, Type.TYPE_SINT64, Label.LABEL_REPEATED),
                        field("positive_counts", 13, Type.TYPE_DOUBLE, Label.LABEL_REPEATED),
                        field("timestamp", 15, Type.TYPE_INT64, Label.LABEL_OPTIONAL),
                        field("start_timestamp", 17, Type.TYPE_INT64, Label.LABEL_OPTIONAL)))
                .addMessageType(message(
                        "BucketSpan",
                        field("offset", 1, Type.TYPE_SINT32, Label.LABEL_OPTIONAL),
                        field("length", 2, Type.TYPE_UINT32, Label.LABEL_OPTIONAL)))
                .addMessageType(message(
                        "Metadata",
                        of("MetricType", field("type", 1, Type.TYPE_ENUM, Label.LABEL_OPTIONAL)),
                        field("help_ref", 3, Type.TYPE_UINT32, Label.LABEL_OPTIONAL),
                        field("unit_ref", 4, Type.TYPE_UINT32, Label.LABEL_OPTIONAL)))
                .addEnumType(metricTypes())
                .build();
        try {
            return FileDescriptor.buildFrom(file, new FileDescriptor[0]);
        } catch (DescriptorValidationException e) {
            throw new AssertionError(e);
        }
    }

    private static EnumDescriptorProto metricTypes() {
        EnumDescriptorProto.Builder types = EnumDescriptorProto.newBuilder().setName("MetricType");
        String[] words = {
            "UNSPECIFIED", "COUNTER", "GAUGE", "HISTOGRAM", "GAUGEHISTOGRAM", "SUMMARY", "INFO", "STATESET"
        };
        for (int i = 0; i < words.length; i++) {
            types.addValue(EnumValueDescriptorProto.newBuilder().setName("METRIC_TYPE_" + words[i]).setNumber(i));
        }
        return types.build();
    }

    private static DescriptorProto message(String name, FieldDescriptorProto.Builder... fields) {
        DescriptorProto.Builder message = DescriptorProto.newBuilder().setName(name);
        Arrays.stream(fields).forEach(message::addField);
        return message.build();
    }

    private static FieldDescriptorProto.Builder field(String name, int number, Type type, Label label) {
        return FieldDescriptorProto.newBuilder().setName(name).setNumber(number).setType(type).setLabel(label);
    }

    private static FieldDescriptorProto.Builder of(String type, FieldDescriptorProto.Builder field) {
        return field.setTypeName(".io.prometheus.write.v2." + type);
    }
}
