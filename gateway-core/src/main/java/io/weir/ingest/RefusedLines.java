package io.weir.ingest;

import io.weir.sample.Code;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Lines of a batch of points that the store refused, in order of appearance, each with the first reason. Event loop only. */
public final class RefusedLines {
    /** One refused line. */
    public record Line(int line, Code code, String detail) {}

    private final Map<Integer, Line> byLine = new HashMap<>();
    private final List<Line> lines = new ArrayList<>();
    private int samples;

    void add(int line, Code code, String detail) {
        Line refused = new Line(line, code, detail);
        if (byLine.putIfAbsent(line, refused) == null) {
            lines.add(refused);
        }
    }

    boolean contains(int line) {
        return byLine.containsKey(line);
    }

    /** Counts a sample of a refused line. */
    void leaveOut() {
        samples++;
    }

    /** Samples of the refused lines, of which none was applied. */
    public int samples() {
        return samples;
    }

    public List<Line> lines() {
        return lines;
    }
}
