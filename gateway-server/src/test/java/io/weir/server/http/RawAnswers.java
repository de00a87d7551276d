package io.weir.server.http;

import java.util.ArrayList;
import java.util.List;

/** The answers in what a server has sent on one connection, told apart by their own framing. */
public final class RawAnswers {
    /** Status of each answer but interim ones, in order. */
    public final List<Integer> statuses = new ArrayList<>();
    /** Whether the last one says that the connection ends. */
    public boolean saysClose;

    /** @param sent everything from the first byte to the end of the connection; chars are bytes */
    public static RawAnswers of(String sent) {
        RawAnswers answers = new RawAnswers();
        int at = 0;
        while (at < sent.length()) {
            int end = sent.indexOf("\r\n\r\n", at);
            if (end < 0 || !sent.startsWith("HTTP/1.", at)) {
                throw new AssertionError("not an answer at " + at + ": " + Gadgets.escape(sent));
            }
            String head = sent.substring(at, end + 2);
            int status = Integer.parseInt(head.substring(9, 12));
            at = end + 4;
            if (status >= 200) {
                answers.statuses.add(status);
                answers.saysClose = head.contains("\r\nConnection: close\r\n");
            }
            boolean ofHead = sent.startsWith("HTTP/1.1 ", at);
            if (!ofHead && head.contains("\r\nTransfer-Encoding: chunked\r\n")) {
                at = sent.indexOf("0\r\n\r\n", at) + 5;
            } else if (!ofHead && head.contains("\r\nContent-Length: ")) {
                int length = head.indexOf("\r\nContent-Length: ") + 18;
                at += Integer.parseInt(head.substring(length, head.indexOf("\r\n", length)));
            }
        }
        return answers;
    }
}
