package io.weir.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the text that a gateway exposes, line by line, as far as the commands need it: well-formed text 0.0.4, names in
 * quotes included. One thread.
 */
final class SampleLines {
    /** A label as exposed, unescaped. */
    record Label(String name, String value) {}

    /** A series with its value. Histograms and summaries come as the series they are exposed as. */
    record Sample(String family, String type, String name, List<Label> labels, double value) {
        /** Value of a label, empty when there is none. */
        String label(String name) {
            for (Label label : labels) {
                if (label.name.equals(name)) {
                    return label.value;
                }
            }
            return "";
        }
    }

    interface Visitor {
        void sample(Sample sample);
    }

    private String line;
    private int at;

    private SampleLines() {}

    /** Reads to the end and closes. */
    static void read(InputStream in, Visitor visitor) throws IOException {
        SampleLines lines = new SampleLines();
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(in, UTF_8))) {
            String family = "";
            String type = "untyped";
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                if (text.startsWith("# TYPE ")) {
                    int space = text.lastIndexOf(' ');
                    family = unquoted(text.substring(7, space));
                    type = text.substring(space + 1);
                } else if (!text.startsWith("#") && !text.isEmpty()) {
                    visitor.sample(lines.sample(text, family, type));
                }
            }
        } catch (StringIndexOutOfBoundsException | NumberFormatException e) {
            throw new IOException("this is no Prometheus text: " + lines.line);
        }
    }

    private Sample sample(String text, String family, String type) {
        line = text;
        at = 0;
        while (at < text.length() && text.charAt(at) != '{' && text.charAt(at) != ' ') {
            at++;
        }
        String name = text.substring(0, at);
        List<Label> labels = new ArrayList<>();
        if (text.charAt(at) == '{') {
            at++;
            while (text.charAt(at) != '}') {
                String key = text.charAt(at) == '"' ? quoted() : word();
                if (text.charAt(at) == '=') {
                    at++;
                    labels.add(new Label(key, quoted()));
                } else {
                    name = key;
                }
                at += text.charAt(at) == ',' ? 1 : 0;
            }
            at++;
        }
        String[] rest = text.substring(at).strip().split(" ");
        boolean known = name.equals(family)
                || name.startsWith(family + "_") && (type.equals("histogram") || type.equals("summary"));
        return new Sample(known ? family : name, known ? type : "untyped", name, labels, number(rest[0]));
    }

    private String word() {
        int from = at;
        while (line.charAt(at) != '=') {
            at++;
        }
        return line.substring(from, at);
    }

    private String quoted() {
        StringBuilder text = new StringBuilder();
        for (at++; line.charAt(at) != '"'; at++) {
            char c = line.charAt(at);
            if (c == '\\') {
                c = line.charAt(++at);
                c = c == 'n' ? '\n' : c;
            }
            text.append(c);
        }
        at++;
        return text.toString();
    }

    private static String unquoted(String name) {
        return name.startsWith("\"") ? name.substring(1, name.length() - 1) : name;
    }

    private static double number(String text) {
        return Double.parseDouble(text.replace("Inf", "Infinity"));
    }
}
