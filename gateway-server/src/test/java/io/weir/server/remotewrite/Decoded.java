package io.weir.server.remotewrite;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.xerial.snappy.Snappy;

/** A request, of either version, as independent decoders read it. */
public record Decoded(List<Series> series) {
    public record Label(String name, String value) {}

    public record Sample(long bits, long timestamp) {
        public double value() {
            return Double.longBitsToDouble(bits);
        }
    }

    public record Series(List<Label> labels, List<Sample> samples) {
        /** {@code name{a="b"}}, labels as sent. */
        public String key() {
            StringBuilder name = new StringBuilder();
            StringBuilder rest = new StringBuilder();
            for (Label l : labels) {
                if (l.name().equals("__name__")) {
                    name.append(l.value());
                } else {
                    rest.append(rest.isEmpty() ? "" : ",").append(l.name()).append("=\"").append(l.value()).append('"');
                }
            }
            return rest.isEmpty() ? name.toString() : name + "{" + rest + "}";
        }

        public Sample sample() {
            if (samples.size() != 1) {
                throw new AssertionError("not one sample: " + this);
            }
            return samples.get(0);
        }

        public boolean isStale() {
            return sample().bits() == 0x7ff0000000000002L;
        }
    }

    /** By the type that the request says it has. */
    static Decoded ofCompressed(String contentType, byte[] body) {
        try {
            byte[] bytes = Snappy.uncompress(body);
            return switch (contentType) {
                case "application/x-protobuf" -> of(bytes);
                case "application/x-protobuf;proto=io.prometheus.write.v2.Request" -> RequestV2.of(bytes).decoded();
                default -> throw new AssertionError("unexpected type " + contentType);
            };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Decoded of(byte[] bytes) {
        try {
            List<Series> series = new ArrayList<>();
            CodedInputStream in = CodedInputStream.newInstance(bytes);
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                expect(tag, 1, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                series.add(series(in.readByteArray()));
            }
            return new Decoded(series);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Series series(byte[] bytes) throws IOException {
        List<Label> labels = new ArrayList<>();
        List<Sample> samples = new ArrayList<>();
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            CodedInputStream inner = CodedInputStream.newInstance(in.readByteArray());
            if (WireFormat.getTagFieldNumber(tag) == 1) {
                expect(inner.readTag(), 1, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                String name = inner.readStringRequireUtf8();
                expect(inner.readTag(), 2, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                labels.add(new Label(name, inner.readStringRequireUtf8()));
            } else {
                expect(tag, 2, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                expect(inner.readTag(), 1, WireFormat.WIRETYPE_FIXED64);
                long bits = inner.readFixed64();
                expect(inner.readTag(), 2, WireFormat.WIRETYPE_VARINT);
                samples.add(new Sample(bits, inner.readInt64()));
            }
            if (!inner.isAtEnd()) {
                throw new IOException("bytes left in field " + tag);
            }
        }
        return new Series(labels, samples);
    }

    private static void expect(int tag, int field, int type) throws IOException {
        if (WireFormat.getTagFieldNumber(tag) != field || WireFormat.getTagWireType(tag) != type) {
            throw new IOException("unexpected tag " + tag);
        }
    }

    public Series get(String key) {
        return series.stream()
                .filter(s -> s.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + key + " in " + keys()));
    }

    public List<String> keys() {
        return series.stream().map(Series::key).toList();
    }
}
