package io.weir.server.telemetry;

/** Takes the samples of one family while it is rendered as text 0.0.4. Valid during the call it is handed to. */
public final class Samples {
    private final StringBuilder out;
    private String name;

    Samples(StringBuilder out) {
        this.out = out;
    }

    void family(String name, String type, String help) {
        this.name = name;
        out.append("# HELP ").append(name).append(' ').append(help).append('\n');
        out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    /** One sample of the family itself. */
    public void add(double value, String... labels) {
        addRaw("", labels(labels), value);
    }

    /** One sample of a histogram, with a suffix such as {@code _bucket}. */
    public void add(String suffix, double value, String... labels) {
        addRaw(suffix, labels(labels), value);
    }

    void addRaw(String suffix, String labels, double value) {
        out.append(name).append(suffix);
        if (!labels.isEmpty()) {
            out.append('{').append(labels).append('}');
        }
        out.append(' ').append(number(value)).append('\n');
    }

    /** {@code a="x",b="y"} of names and values given alternately. */
    static String labels(String... pairs) {
        if (pairs.length == 0) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < pairs.length; i += 2) {
            text.append(i == 0 ? "" : ",").append(pairs[i]).append("=\"");
            text.append(pairs[i + 1].replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"));
            text.append('"');
        }
        return text.toString();
    }

    static String number(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            return Long.toString((long) value);
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        return Double.toString(value);
    }
}
