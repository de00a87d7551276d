package io.weir.journal;

import java.io.IOException;

/** Another process works in the directory. */
public final class DirectoryInUseException extends IOException {
    private static final long serialVersionUID = 1;

    public DirectoryInUseException(String place) {
        super("another process is using " + place);
    }
}
