package io.weir.server.config;

/** A text that is no value of its option's type. The message says what was expected and never repeats the text. */
final class BadValue extends Exception {
    private static final long serialVersionUID = 1L;

    BadValue(String expected) {
        super(expected, null, false, false);
    }
}
