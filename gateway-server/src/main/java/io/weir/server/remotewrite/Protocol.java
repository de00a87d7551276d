package io.weir.server.remotewrite;

/** What an endpoint is sent: one version of remote_write, or whichever it turns out to understand. */
public enum Protocol {
    /** 2.0, and 1.0 to a receiver that does not understand it. */
    AUTO("auto"),
    V1("1.0"),
    V2("2.0");

    private final String text;

    Protocol(String text) {
        this.text = text;
    }

    /** The word in the configuration. */
    public String text() {
        return text;
    }

    /** The protocol with this word; there is one. */
    public static Protocol of(String text) {
        for (Protocol p : values()) {
            if (p.text.equals(text)) {
                return p;
            }
        }
        throw new IllegalArgumentException("no remote_write protocol '" + text + "'");
    }
}
