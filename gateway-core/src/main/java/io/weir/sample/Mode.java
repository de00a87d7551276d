package io.weir.sample;

/** What a push does to the series it names: POST and PATCH add, PUT and line protocol set. */
public enum Mode {
    ADD,
    SET
}
