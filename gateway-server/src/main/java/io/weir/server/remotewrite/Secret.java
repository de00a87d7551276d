package io.weir.server.remotewrite;

/** A credential that no log line, error or configuration dump shows. Immutable, any thread. */
public record Secret(String value) {
    @Override
    public String toString() {
        return "(secret)";
    }
}
