package io.weir.server.remotewrite;

/**
 * The two messages of remote_write, with the header fields that tell a receiver which one it gets. Sources: Prometheus remote
 * write specifications 1.0 and 2.0-rc.4, "Protocol".
 */
enum Message {
    /** {@code prometheus.WriteRequest}; without a parameter of the type, which old receivers compare as a whole. */
    V1("1.0", "application/x-protobuf", "0.1.0"),
    /** {@code io.prometheus.write.v2.Request}. */
    V2("2.0", "application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0");

    private final String text;
    private final String contentType;
    private final String version;

    Message(String text, String contentType, String version) {
        this.text = text;
        this.contentType = contentType;
        this.version = version;
    }

    /** For a log line. */
    String text() {
        return text;
    }

    /** Value of the field {@code Content-Type}. */
    String contentType() {
        return contentType;
    }

    /** Value of the field {@code X-Prometheus-Remote-Write-Version}. */
    String version() {
        return version;
    }
}
