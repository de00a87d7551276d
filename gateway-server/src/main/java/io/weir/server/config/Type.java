package io.weir.server.config;

/** What kind of value an option takes, and how its text is checked. */
enum Type {
    TEXT("text"),
    SECRET("secret"),
    DURATION("duration"),
    SIZE("size"),
    INTEGER("number"),
    BOOLEAN("true|false"),
    CHOICE("choice"),
    ADDRESS("address"),
    HOST("host"),
    URL("url"),
    HEADER("header"),
    /** A path in URLs. */
    ROUTE("path"),
    /** A path of the file system. */
    FILE("file");

    private final String placeholder;

    Type(String placeholder) {
        this.placeholder = placeholder;
    }

    String placeholder() {
        return placeholder;
    }

    /** A bad text of these types may hold a credential, so no message repeats it. */
    boolean confidential() {
        return this == SECRET || this == HEADER || this == URL;
    }
}
